import { EvhaError } from '../../src/base/errors.ts'
import type { Gate } from '../../src/base/names.ts'
import { writeControl } from '../../src/journal/control.ts'
import { findRun } from '../../src/journal/runs.ts'
import { adoptRun } from '../../src/run/adopt.ts'
import type { DriveOptions, RunEnd } from '../../src/run/api.ts'
import { abortRun, resumeRun, rollbackRun, startRun } from '../../src/run/drive.ts'
import type { StepRegistry } from '../../src/steps/step.ts'
import { Gone } from './disk.ts'
import { Evha, type Workstation } from './evha.ts'
import type { Faults } from './faults.ts'
import type { Sim } from './sim.ts'

export type Verb = 'migrate' | 'resume' | 'abort' | 'rollback' | 'adopt'

/** How a command came to its end, as the operator sees it. */
export type Came =
  | { readonly kind: 'ended'; readonly end: RunEnd }
  | { readonly kind: 'refused'; readonly error: EvhaError }
  | { readonly kind: 'killed' }

/** What the operator has in mind. */
export interface Wish {
  readonly confirms: readonly Gate[]
  /** What is answered at a gate that no flag approves; the terminal's answer comes after so long. */
  readonly answers: 'approved' | 'declined' | 'later'
  readonly answersAfterMs: number
}

/** A person at a workstation who types commands. */
export class Operator {
  readonly #sim: Sim
  readonly #faults: Faults
  readonly #steps: StepRegistry
  readonly #begun: Evha[] = []
  current: Evha | null = null
  /** Hears that a question stands, and for how long. */
  thinks: (ms: number) => void = () => undefined

  constructor(sim: Sim, faults: Faults, steps: StepRegistry) {
    this.#sim = sim
    this.#faults = faults
    this.#steps = steps
  }

  async type(verb: Verb, workstation: Workstation, wish: Wish): Promise<Came> {
    const sim = this.#sim
    const evha = new Evha(sim, workstation, (point, process) => this.#faults.strike(point, process))
    this.current = evha
    this.#begun.push(evha)
    sim.tell(
      `${workstation.name} $ evha ${verb}${wish.confirms.map((gate) => ` --confirm ${gate}=…`).join('')}`,
    )
    const options = this.#options(evha, wish)
    const drive = async (): Promise<Came> => {
      try {
        return { kind: 'ended', end: await run(verb, evha, options, this.#steps) }
      } catch (thrown) {
        if (evha.dead || thrown instanceof Gone) return { kind: 'killed' }
        if (thrown instanceof EvhaError) return { kind: 'refused', error: thrown }
        throw thrown
      }
    }
    const came = await Promise.race([drive(), evha.died.then((): Came => ({ kind: 'killed' }))])
    if (came.kind === 'ended')
      sim.tell(
        `evha ends: ${came.end.outcome}, exit ${came.end.exitCode}${came.end.failure === null ? '' : `: ${came.end.failure.message}`}`,
      )
    if (came.kind === 'refused') sim.tell(`evha refuses: ${came.error.kind}: ${came.error.message}`)
    if (came.kind !== 'killed') evha.end()
    return came
  }

  /** The simulation is over. */
  leave(): void {
    for (const evha of this.#begun) evha.forget()
  }

  /** `evha pause` and `evha abort` of another terminal leave their wish in the run's directory. */
  asks(workstation: Workstation, wish: 'pause' | 'abort'): void {
    const evha = new Evha(this.#sim, workstation, () => null)
    try {
      writeControl(findRun(evha.stateDir).dir, wish)
      this.#sim.tell(`another terminal: evha ${wish}`)
    } catch (thrown) {
      if (!(thrown instanceof EvhaError)) throw thrown
    }
    evha.end()
  }

  #options(evha: Evha, wish: Wish): DriveOptions {
    const sim = this.#sim
    const { chain } = sim.runbook
    return {
      stateDir: evha.stateDir,
      confirms: new Map(wish.confirms.map((gate) => [gate, chain])),
      approver: {
        ask: async (question, signal) => {
          sim.judge.asked(question.gate, evha)
          this.thinks(wish.answersAfterMs)
          let deaf = (): void => undefined
          const stopped = new Promise<void>((resolve) => {
            deaf = evha.listens(signal, resolve)
          })
          await Promise.race([evha.wait(wish.answersAfterMs), stopped])
          deaf()
          return signal.aborted ? 'later' : wish.answers
        },
      },
      observer: {
        opened: () => undefined,
        entered: (view) => evha.entered(view),
        progress: (text) => sim.hears(text),
        passing: () => undefined,
        heights: () => undefined,
        left: () => undefined,
        failed: (view, failure, again) => {
          if (evha.dead) return
          sim.tell(`evha: ${view.path} fails: ${failure.message}${again ? ' (again)' : ''}`)
          if (failure.message.includes('unexpected:'))
            sim.judge.say(`evha fails in a way it does not know: ${failure.message}`)
        },
      },
      stopNow: new AbortController().signal,
      stopSoon: () => false,
      world: evha.world,
    }
  }
}

function run(verb: Verb, evha: Evha, options: DriveOptions, steps: StepRegistry): Promise<RunEnd> {
  switch (verb) {
    case 'migrate':
      return startRun(`${evha.stateDir}/runbook.yaml`, options, steps)
    case 'resume':
      return resumeRun(undefined, options, steps)
    case 'adopt':
      return adoptRun(`${evha.stateDir}/runbook.yaml`, undefined, options, steps)
    case 'abort':
      return abortRun(undefined, options, steps)
    case 'rollback':
      return rollbackRun(undefined, options, steps)
  }
}
