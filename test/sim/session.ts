import type { Gate } from '../../src/base/names.ts'
import type { Workstation } from './evha.ts'
import { type Faults, type WorldKind, worldKinds } from './faults.ts'
import { finalState } from './judge-end.ts'
import type { Came, Operator, Verb, Wish } from './operator.ts'
import type { Random } from './random.ts'
import type { Sim } from './sim.ts'

/** What the operator is after. */
export type Goal =
  | 'migrate'
  | 'migrate and stay'
  | 'answer at the terminal'
  | 'abort'
  | 'abort in the window'
  | 'roll back'
  | 'two terminals'

const turnsMax = 14
/** From here on nothing goes wrong any more: a final state must be reached. */
const calmTurn = 6

interface Parts {
  readonly sim: Sim
  readonly operator: Operator
  readonly faults: Faults
  readonly laptop: Workstation
  /** Where the run is gone on with once the first command has ended; on the laptop, where nothing is given. */
  readonly desk?: Workstation
  readonly goal: Goal
  readonly random: Random
  /** Nothing happens but the faults of the plan. */
  readonly quiet: boolean
  /** What the world does whenever the operator thinks; by chance, where nothing is given. */
  readonly whileThinking?: WorldKind
}

/** The commands an operator types one after the other until the run is at an end. */
export class Session {
  readonly #sim: Sim
  readonly #operator: Operator
  readonly #faults: Faults
  readonly #laptop: Workstation
  readonly #desk: Workstation | null
  /** The workstation that the run is driven from. */
  at: Workstation
  /** No host keeps the run: what the first workstation did was nothing. */
  #unknown = false
  readonly #goal: Goal
  readonly #random: Random
  readonly #quiet: boolean
  #isCalm = false
  commands = 0
  /** The run asked for a human at some time; the operator looked, and typed what there is to type. */
  human = false

  constructor({ sim, operator, faults, laptop, desk, goal, random, quiet, whileThinking }: Parts) {
    this.#sim = sim
    this.#operator = operator
    this.#faults = faults
    this.#laptop = laptop
    this.#desk = desk ?? null
    this.at = laptop
    this.#goal = goal
    this.#random = random
    this.#quiet = quiet
    faults.second = () => this.#second(random.pick(['pause', 'abort', 'resume', 'abort here']))
    if (quiet) return
    // While a human thinks, the world goes on.
    operator.thinks = (ms) => {
      if (whileThinking !== undefined || random.chance(0.3))
        sim.timeline.in(random.between(0, ms), () => this.#byItself(whileThinking))
    }
  }

  async work(): Promise<void> {
    const sim = this.#sim
    await sim.timeline.wait(2_500)
    let returns = 0
    if (!this.#quiet) this.#meanwhile()
    for (let turn = 0; turn < turnsMax; turn++) {
      if (turn === calmTurn) this.#calm()
      const { path } = finalState(sim, this.at)
      const verb = this.#verb(path, turn)
      const came = await this.#type(verb, turn)
      const { path: now, final } = finalState(sim, this.at)
      if (final) return this.#wakesUp()
      this.#movesOn(verb, came)
      if (now === 'needsHuman') this.human = true
      // Where another workstation has gone forward, an abort comes too late.
      if (
        now === 'gate.finish' &&
        (this.#goal === 'migrate and stay' || this.#goal === 'abort in the window')
      )
        return
      if (now === 'window.returned' && ++returns > 2) return
      await sim.timeline.wait(this.#pause(came))
    }
    const { path, says } = finalState(sim, this.at)
    sim.judge.say(`no final state is reached after ${turnsMax} commands: ${path}: ${says}`)
  }

  /** The laptop is left as it is, whatever became of the command there. */
  #movesOn(verb: Verb, came: Came): void {
    if (verb === 'adopt' && came.kind === 'refused' && came.error.message.startsWith('no host of'))
      this.#unknown = true
    if (this.#desk === null || this.at === this.#desk) return
    this.at = this.#desk
    this.#sim.unreached = this.at.cutFrom
  }

  /** Everything is over, and somebody opens the laptop that was given up: nothing may come of it. */
  async #wakesUp(): Promise<void> {
    // A run that no host ever knew may begin where nothing tells of another one any more.
    if (this.at === this.#laptop || (this.#unknown && this.#decision === null)) return
    await this.#sim.timeline.wait(5_000)
    if (finalState(this.#sim, this.#laptop).path === 'nothing') return
    const before = startsBy(this.#sim)
    const wish: Wish = { confirms: ['cutover', 'commit', 'finish'], answers: 'later', answersAfterMs: 100 }
    await this.#operator.type('resume', this.#laptop, wish)
    if (startsBy(this.#sim) !== before)
      this.#sim.judge.say('a laptop that was given up changed units or configs when all was over')
  }

  #verb(path: string, turn: number): Verb {
    if (path === 'nothing') return this.at === this.#laptop || this.#unknown ? 'migrate' : 'adopt'
    // A trial start that a fault made slow predicts a window that does not fit: there is only a new run.
    if (path === 'gate.cutover' && turn > calmTurn + 2) return 'abort'
    if (path === 'needsHuman') return this.#committed ? 'rollback' : 'abort'
    const after = [
      'commit.start',
      'commit.rest',
      'verifyElection',
      'soak',
      'gate.finish',
      'gate.rollback',
      'finish',
    ]
    if (this.#goal === 'roll back' && (after.includes(path) || path.startsWith('rollback')))
      return path.startsWith('rollback') && turn % 2 === 0 ? 'resume' : 'rollback'
    if (this.#goal.startsWith('abort') && turn > 0 && !after.includes(path)) return 'abort'
    return 'resume'
  }

  async #type(verb: Verb, turn: number): Promise<Came> {
    this.commands++
    const random = this.#random
    const all: Gate[] = ['cutover', 'commit', 'finish', 'rollback']
    const without = (...gates: Gate[]): Gate[] => all.filter((gate) => !gates.includes(gate))
    let confirms = without('rollback')
    let answers: Wish['answers'] = 'later'
    if (this.#goal === 'migrate and stay') confirms = without('finish', 'rollback')
    if (this.#goal === 'roll back') confirms = without('finish')
    if (this.#goal === 'abort in the window') {
      confirms = ['cutover']
      answers = 'declined'
    }
    if (this.#goal === 'answer at the terminal') {
      confirms = []
      answers = turn >= calmTurn ? 'approved' : random.pick(['approved', 'approved', 'declined', 'later'])
    }
    return this.#operator.type(verb, this.at, {
      confirms,
      answers,
      answersAfterMs: random.between(200, 12_000),
    })
  }

  /** What happens beside the first terminal. */
  #meanwhile(): void {
    const { timeline } = this.#sim
    const random = this.#random
    if (random.chance(0.5)) timeline.in(random.between(500, 30_000), () => this.#byItself())
    const times = this.#goal === 'two terminals' ? random.between(1, 3) : this.#goal === 'abort' ? 1 : 0
    for (let i = 0; i < times; i++)
      timeline.in(random.between(500, 14_000), () =>
        this.#second(
          this.#goal === 'abort' ? 'abort' : random.pick(['pause', 'abort', 'resume', 'abort here']),
        ),
      )
  }

  /** Another terminal on the same workstation; somebody at the other one, where there is one. */
  #second(what: 'pause' | 'abort' | 'resume' | 'abort here'): void {
    if (this.#desk !== null) {
      const wish: Wish = { confirms: ['cutover', 'commit'], answers: 'later', answersAfterMs: 100 }
      this.#operator
        .type('adopt', this.#desk, wish)
        .catch((thrown: unknown) => this.#sim.judge.say(`a second workstation fails: ${String(thrown)}`))
      return
    }
    if (what === 'pause' || what === 'abort') {
      this.#operator.asks(this.#laptop, what)
      return
    }
    const wish: Wish = { confirms: ['cutover', 'commit'], answers: 'later', answersAfterMs: 100 }
    this.#operator
      .type(what === 'resume' ? 'resume' : 'abort', this.#laptop, wish)
      .catch((thrown: unknown) => this.#sim.judge.say(`a second terminal fails: ${String(thrown)}`))
  }

  get #decision(): string | null {
    const { source } = this.#sim
    return source.files.read(`${source.spec.paths.evha}/decision`)
  }

  get #committed(): boolean {
    return this.#decision?.startsWith('committed') === true
  }

  #byItself(kind: WorldKind = this.#random.pick(worldKinds)): void {
    const { current } = this.#operator
    if (current !== null && !this.#isCalm) this.#faults.byItself(kind, current)
  }

  #pause(came: Came): number {
    const random = this.#random
    if (came.kind === 'killed') return random.pick([100, 1_000, 5_000, 20_000, 60_000])
    return random.between(500, 20_000)
  }

  /** Links, hosts and disks are mended, and stay so. */
  #calm(): void {
    const sim = this.#sim
    sim.tell('from here on nothing goes wrong any more')
    this.#isCalm = true
    this.#faults.calm()
    for (const one of [this.#laptop, ...(this.#desk === null ? [] : [this.#desk])]) {
      one.cutFrom.clear()
      one.diskFull = false
    }
    for (const stray of sim.strays) stray.kill()
    for (const host of sim.hosts) {
      host.cutFrom.clear()
      host.slowness = 1
      host.diskLies = false
    }
    sim.cluster.changed({ host: sim.source })
  }
}

/** By what the nodes would be started: units, drop-ins and configs of all hosts. */
const startsBy = ({ hosts }: Sim): string =>
  hosts
    .flatMap(({ name, files, spec }) =>
      ['/etc', `${spec.home}/config`]
        .flatMap((dir) => files.below(dir))
        .map((path) => `${name} ${path} ${files.read(path)}`),
    )
    .join('\n')
