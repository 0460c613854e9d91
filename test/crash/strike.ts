import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Gate } from '../../src/base/names.ts'
import { readJournal } from '../../src/journal/read-journal.ts'
import { findRun } from '../../src/journal/runs.ts'
import { viewOf } from '../../src/machine/decider.ts'
import { readRun, snapshotOf } from '../../src/run/rebuild.ts'
import { nextBlock, setWindow } from '../embedded/chain.ts'
import { confirm, evha, evhaTimeoutMs, type Lab, withLab } from '../embedded/lab.ts'
import { outputOf } from '../output-of.ts'
import type { Cell, Goal, Place, Point } from './cells.ts'
import type { Plan } from './workstation.ts'

/** As short as it may be: a killed run goes on at once, whatever the host does about it. */
const deadManSeconds = 10
/** Commands an operator types until the run is at an end. */
const turnsMax = 10
const nextBlockMs = 90_000

/** How a cell ended: what was typed and what came of it, and what must not be. */
export interface Ended {
  readonly struck: boolean
  readonly state: string
  readonly told: readonly string[]
  readonly broken: readonly string[]
}

const confirmed: { readonly [K in Goal]: readonly Gate[] } = {
  migrate: ['cutover', 'commit', 'finish'],
  'abort in the window': ['cutover'],
  'roll back': ['cutover', 'commit', 'rollback'],
}
const goneWell: { readonly [K in Goal]: string } = {
  migrate: 'done',
  'abort in the window': 'aborted',
  'roll back': 'rolledBack',
}

type Verb = Plan['verb'] | 'adopt'

const afterCommit = /^(commit\.(start|rest)|verifyElection|soak|gate\.finish|gate\.rollback|finish$|rollback)/

/** What the operator types, by the state of the run as the journal of the workstation has it. */
function verbFor(goal: Goal, state: string | null, begun: boolean): Verb {
  if (state === null) return begun ? 'adopt' : 'migrate'
  if (goal === 'roll back' && afterCommit.test(state)) return 'rollback'
  if (goal === 'abort in the window' && !afterCommit.test(state)) return 'abort'
  return 'resume'
}

function viewIn(stateDir: string): { readonly path: string; readonly final: boolean } | null {
  try {
    return viewOf(snapshotOf(readRun(findRun(stateDir))))
  } catch {
    return null
  }
}

/** The way without a fault: its points in their order. */
export async function pointsOf(goal: Goal): Promise<Point[]> {
  let points: Point[] = []
  await withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds })
    const run = new Struck(lab, { goal, place: 'the same workstation', fault: null })
    const { state, broken, told } = await run.through()
    if (broken.length > 0 || state !== goneWell[goal])
      throw new Error(`without a fault it ends in ${state}: ${broken.join('; ')}\n${told.join('\n')}`)
    points = readFileSync(run.points, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Point)
  })
  return points
}

export async function strike({ goal, place, kind, point }: Cell): Promise<Ended> {
  let ended: Ended | undefined
  await withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds })
    ended = await new Struck(lab, { goal, place, fault: { kind, point } }).through()
  })
  if (ended === undefined) throw new Error('the lab did not work')
  return ended
}

interface Way {
  readonly goal: Goal
  readonly place: Place
  readonly fault: Plan['fault']
}

/** One run on a lab of its own, struck once, and gone on with by evha as it is built. */
class Struck {
  readonly points: string
  readonly #lab: Lab
  readonly #way: Way
  readonly #elsewhere: string
  readonly #told: string[] = []
  readonly #broken: string[] = []
  /** The workstation that the run is driven from. */
  #at: string
  /** No host keeps the run: what the first workstation did was nothing. */
  #isUnknown = false

  constructor(lab: Lab, way: Way) {
    this.#lab = lab
    this.#way = way
    this.points = join(lab.stateDir, 'points')
    this.#elsewhere = join(lab.stateDir, 'elsewhere')
    this.#at = lab.stateDir
    rmSync(this.points, { force: true })
  }

  get #isStruck(): boolean {
    return this.#way.fault !== null && existsSync(this.points)
  }

  async through(): Promise<Ended> {
    const { goal } = this.#way
    let returns = 0
    for (let turn = 0; ; turn++) {
      const view = viewIn(this.#at)
      if (view?.final === true) break
      if (goal === 'abort in the window' && view !== null && afterCommit.test(view.path)) break
      if (view?.path === 'window.returned' && goal !== 'abort in the window' && ++returns > 3) break
      if (turn === turnsMax) {
        this.#broken.push(`no final state is reached after ${turnsMax} commands: ${view?.path}`)
        break
      }
      await this.#type(verbFor(goal, view?.path ?? null, this.#at !== this.#lab.stateDir && !this.#isUnknown))
    }
    await this.#wakesUp()
    await this.#judge()
    const state = viewIn(this.#at)?.path ?? 'nothing'
    return { struck: this.#isStruck, state, told: this.#told, broken: this.#broken }
  }

  async #type(verb: Verb): Promise<void> {
    const startedMs = performance.now()
    const wasStruck = this.#isStruck
    const said =
      wasStruck || verb === 'adopt' ? await this.#evha(verb, this.#at) : await this.#workstation(verb)
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
    const place = this.#at === this.#lab.stateDir ? '' : ' elsewhere'
    const state = viewIn(this.#at)?.path ?? 'nothing'
    this.#told.push(`${verb}${place}, ${seconds} s: ${said}; in ${state}`)
    const twice = this.#lab.signedTwice()
    if (twice.length > 0) this.#broken.push(`signed twice after ${verb}: ${twice.join(', ')}`)
    if (this.#isStruck && !wasStruck && this.#way.place === 'another workstation') this.#movesOn()
  }

  /** The laptop is left as it is, unless all is over. */
  #movesOn(): void {
    if (viewIn(this.#at)?.final !== true) this.#at = this.#elsewhere
  }

  async #workstation(verb: Plan['verb']): Promise<string> {
    const { chain, runbook, stateDir } = this.#lab
    const { goal, place, fault } = this.#way
    const second =
      place === 'another workstation'
        ? ['adopt', runbook, '--state-dir', this.#elsewhere, ...confirm(this.#lab, 'cutover', 'commit')]
        : ['resume', '--state-dir', stateDir, ...confirm(this.#lab, 'cutover', 'commit')]
    const plan: Plan = {
      verb,
      runbook,
      stateDir,
      chain,
      confirms: confirmed[goal],
      answer: goal === 'abort in the window' ? 'declined' : 'later',
      fault,
      points: this.points,
      second,
    }
    const file = join(import.meta.dirname, 'workstation.ts')
    const argv = ['--import', 'tsx', file, JSON.stringify(plan)]
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
    const { code, stdout, stderr } = await outputOf(child, {
      says: `${verb}, struck`,
      timeoutMs: evhaTimeoutMs,
    })
    if (code === null) return 'killed'
    if (code !== 0) throw new Error(`the workstation itself fails with ${code}: ${stderr}`)
    return stdout.trim()
  }

  async #evha(verb: Verb, stateDir: string): Promise<string> {
    const what = verb === 'migrate' || verb === 'adopt' ? [verb, this.#lab.runbook] : [verb]
    // `abort` asks nothing.
    const gates = verb === 'abort' ? [] : confirm(this.#lab, ...confirmed[this.#way.goal])
    const { code, stderr } = await evha([...what, '--json', '--state-dir', stateDir, ...gates])
    if (verb === 'adopt' && /no host of .* keeps a run/.test(stderr.replaceAll(/\s+/g, ' ')))
      this.#isUnknown = true
    const last = stderr.trimEnd().split('\n').slice(-2).join(' ').trim()
    return `exit ${code}: ${last.slice(0, 200)}`
  }

  /** Everything is over, and somebody opens the laptop that was given up: nothing may come of it. */
  async #wakesUp(): Promise<void> {
    const { stateDir } = this.#lab
    if (this.#at === stateDir || this.#isUnknown || viewIn(stateDir) === null) return
    this.#told.push(`the first one wakes up: ${await this.#evha('resume', stateDir)}`)
  }

  /** One chain, and it goes on: what was signed and kept at a height would be signed twice if its block had been lost. */
  async #judge(): Promise<void> {
    const lab = this.#lab
    const say = (text: string) => void this.#broken.push(text)
    const state = viewIn(this.#at)?.path ?? 'nothing'
    const { goal } = this.#way
    const late = goal === 'abort in the window' && afterCommit.test(state)
    if (state !== goneWell[goal] && state !== 'done' && !late) say(`it ends in ${state}`)
    if ((await nextBlock(lab, nextBlockMs)) === null) say(`the chain stands still, in ${state}`)
    const twice = lab.signedTwice()
    if (twice.length > 0) say(`signed twice at the end: ${twice.join(', ')}`)
    try {
      readJournal(findRun(this.#at).dir)
    } catch (thrown) {
      say(`the journal can not be read: ${String(thrown)}`)
    }
  }
}
