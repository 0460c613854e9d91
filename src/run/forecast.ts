import type { StateView } from '../machine/decider.ts'
import type { Facts } from '../steps/facts.ts'
import { type Part, type PartName, seconds, withReplayLeft } from '../steps/gates/prediction.ts'
import type { Clock } from './clock.ts'

const everyMs = 1_000

/** An open window: when its budget is spent, epoch ms, and how much there was. */
interface Window {
  readonly deadlineMs: number
  readonly budgetMs: number
}

/** The states from the opened window to the first block, in their order, and the parts each one spends. */
const spends: readonly (readonly [path: string, ...PartName[]])[] = [
  ['window.arm'],
  ['window.fence'],
  ['window.stop', 'block', 'stop', 'height'],
  ['window.sync', 'sync'],
  ['window.prove', 'proof'],
  ['window.warm', 'warm'],
  ['gate.commit', 'decision'],
  ['commit.start', 'replay', 'produce'],
]
/** Gate and decision are one part. */
const placeOf = (path: string) =>
  spends.findIndex(([state]) => state === (path === 'commit.decide' ? 'gate.commit' : path))

/**
 * When the first block of the cluster is to be expected, epoch ms, seen from `nowMs` in the state at `place` since
 * `enteredMs`: what is left of its own part, and all later parts. A part that is late is taken to be over in a moment.
 */
export function predictedEnd(
  parts: readonly Part[],
  place: number,
  enteredMs: number,
  nowMs: number,
): number {
  const planned = spends.map(([, ...names]) =>
    parts.reduce((sum, { name, p50Ms }) => (names.includes(name) ? sum + p50Ms : sum), 0),
  )
  const left = planned.slice(place + 1).reduce((sum, ms) => sum + ms, 0)
  return nowMs + Math.max(0, (planned[place] ?? 0) - (nowMs - enteredMs)) + left
}

/** Predicts the end of the open window anew each second, and tells it beside the budget. */
export class Forecast {
  readonly #clock: Clock
  readonly #tell: (text: string) => void
  #callOff: (() => void) | null = null
  #place = -1
  #enteredMs = 0

  constructor(clock: Clock, tell: (text: string) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  /** A state was entered. `window` is null outside of an open one. */
  entered(view: StateView, window: Window | null): void {
    const place = placeOf(view.path)
    const { weighCutover, proveEqual } = view.context.facts as Partial<Facts>
    const parts = withReplayLeft(weighCutover?.parts ?? [], proveEqual?.replay)
    if (place === this.#place) return
    this.#place = place
    this.#enteredMs = this.#clock.now()
    this.end()
    if (place === -1 || window === null || parts.length === 0) return
    this.#callOff = this.#clock.every(everyMs, () => this.#tell(this.#line(parts, view, window)))
  }

  end(): void {
    this.#callOff?.()
    this.#callOff = null
  }

  #line(parts: readonly Part[], view: StateView, { deadlineMs, budgetMs }: Window): string {
    const nowMs = this.#clock.now()
    const end = predictedEnd(parts, this.#place, this.#enteredMs, nowMs)
    const beganMs = deadlineMs - budgetMs
    const committed = view.tags.has('irreversible')
    const over =
      !committed && end > deadlineMs ? ', late: it goes back by itself when the budget is spent' : ''
    return `window: ${seconds(nowMs - beganMs)} of ${seconds(budgetMs)}; first cluster block predicted at ${seconds(end - beganMs)}${over}`
  }
}
