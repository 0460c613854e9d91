import { type Gate, gates, type StepName } from '../../base/names.ts'
import type { MigrateEvent } from '../context.ts'
import {
  advance,
  begin,
  ignores,
  type RunEvent,
  type RunMachine,
  type Snapshot,
  type StateView,
  viewOf,
} from '../decider.ts'
import { everCommitted } from '../rules.ts'

/** A run as its machine remembers it, with what was rightly approved beside it: noted here, not by the machine. */
export interface Pilot {
  readonly id: number
  readonly snapshot: Snapshot
  readonly view: StateView
  /** Gates whose evidence was shown since the run was last resumed. */
  readonly shown: readonly Gate[]
  /** Gates approved for what was shown, this attempt. */
  readonly approved: readonly Gate[]
  /** Where its own events lead, computed once. */
  readonly moves: Map<string, Pilot>
}

export const chain = 'the-chain'

const nobody = { shown: [], approved: [] } as const

/** Every state of the run that the real machine can be in, found by giving it events; nothing is copied from it. */
export class Pilots {
  readonly #machine: RunMachine
  readonly #known = new Map<string, Pilot>()

  constructor(machine: RunMachine) {
    this.#machine = machine
  }

  get all(): IterableIterator<Pilot> {
    return this.#known.values()
  }

  begin(): Pilot {
    return this.#meet(begin({ chain, source: 'node-1', nodes: 5 }, this.#machine), nobody)
  }

  /** Where the event leads; the same pilot when the machine ignores it. */
  move(from: Pilot, name: string, event: RunEvent): Pilot {
    const known = from.moves.get(name)
    if (known !== undefined) return known
    const to = ignores(from.snapshot, event) ? from : this.#take(from, event)
    from.moves.set(name, to)
    return to
  }

  #take(from: Pilot, event: RunEvent): Pilot {
    const snapshot = advance(from.snapshot, event)
    return this.#meet(snapshot, noted(from, event, viewOf(snapshot)))
  }

  #meet(snapshot: Snapshot, notes: Pick<Pilot, 'shown' | 'approved'>): Pilot {
    const view = viewOf(snapshot)
    const key = `${view.path} ${remembered(snapshot)} ${notes.shown.join()} ${notes.approved.join()}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const pilot = { id: this.#known.size, snapshot, view, ...notes, moves: new Map<string, Pilot>() }
    this.#known.set(key, pilot)
    return pilot
  }
}

/** What the guards read of the context, and all of it: a test holds them to this list. */
function remembered({ context }: Snapshot): string {
  const { facts, evidence, returnCause, rollbackBegan } = context
  return [
    returnCause === 'operator',
    rollbackBegan,
    everCommitted(context),
    'startQuorum' in facts,
    'startRest' in facts,
    ...gates.map((gate) => evidence[gate] ?? '-'),
  ].join()
}

/** What the search itself holds for shown and approved after an event. */
function noted(from: Pilot, event: RunEvent, to: StateView): Pick<Pilot, 'shown' | 'approved'> {
  const stays = to.path === from.view.path && event.type !== 'RESUME'
  const weighed = event.type === 'STEP_DONE' && event.step === from.view.work ? from.view.gate : null
  const shown = stays ? including(from.shown, weighed) : []
  const given = event.type === 'APPROVE' && isRight(from, event) ? event.gate : null
  const before = event.type === 'RESUME' ? from.approved.filter((gate) => gate !== 'commit') : from.approved
  return { shown, approved: including(before, given).filter((gate) => opens[gate](to)) }
}

/** How far an approval reaches: what lies behind the gate, and no further. */
const opens: Readonly<Record<Gate, (view: StateView) => boolean>> = {
  cutover: ({ phase, path }) => phase === 'window' || path === 'gate.commit' || path === 'commit.decide',
  commit: ({ path }) => path === 'commit.decide',
  rollback: ({ phase }) => phase === 'rollback',
  finish: ({ path }) => path === 'finish',
}

const including = (list: readonly Gate[], gate: Gate | null) =>
  gate === null || list.includes(gate) ? list : [...list, gate].sort()

/** An approval is right for this chain, at its own gate, for the evidence that the gate shows. */
export function isRight({ view, shown }: Pilot, event: MigrateEvent & { type: 'APPROVE' }): boolean {
  return (
    view.gate === event.gate &&
    shown.includes(event.gate) &&
    event.chain === chain &&
    event.digest === digestOf(event.gate)
  )
}

export const digestOf = (gate: Gate) => `evidence of ${gate}`

export const approval = (gate: Gate, wrong: { chain?: string; digest?: string } = {}) =>
  ({ type: 'APPROVE', gate, chain, digest: digestOf(gate), by: 'terminal', ...wrong }) as const

export const failedWith = {
  message: 'it did not work',
  changedAnything: 'unknown',
  retryable: true,
  hint: '',
} as const

export const failedStep = (step: StepName, kind: 'failed' | 'contradiction'): RunEvent => ({
  type: 'STEP_FAILED',
  step,
  failure: { kind, ...failedWith },
})
