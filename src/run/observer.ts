import type { Failure } from '../base/errors.ts'
import type { Gate } from '../base/names.ts'
import type { StateView } from '../machine/decider.ts'

/** Who watches a run as it goes: the terminal, plain lines, or a test. Must not throw, must not block. */
export interface Observer {
  /** The run has its directory; nothing was connected yet. */
  opened(run: {
    readonly id: string
    readonly chain: string
    readonly dir: string
    readonly resumed: boolean
  }): void
  entered(state: StateView, window: OpenWindow | null): void
  /** One line about what has happened inside the state, or why it waits. */
  progress(text: string): void
  /** How far something is: true until the next one comes, and not worth keeping. */
  passing(text: string): void
  /** The last height seen of each node, whenever one of them is new. */
  heights(newest: Readonly<Record<string, number>>): void
  left(state: StateView, durationMs: number): void
  failed(state: StateView, failure: Failure, willRetry: boolean): void
}

/** The open window, as far as who watches wants to count seconds. */
export interface OpenWindow {
  /** Since when no sequencer produces, epoch ms; null as long as one does, or when it was not seen yet. */
  readonly stoppedSinceMs: number | null
  /** When its budget is spent, epoch ms; null once the budget ends nothing any more. */
  readonly deadlineMs: number | null
}

/** What a gate shows and asks. */
export interface GateQuestion {
  readonly gate: Gate
  readonly chain: string
  /** Rows of the evidence table: label and value, ready to print. */
  readonly evidence: readonly (readonly [label: string, value: string])[]
  /** What becomes irreversible by approving. */
  readonly irreversible: string
  /** Epoch ms after which no answer means going back; absent where the gate may be held for days. */
  readonly deadlineMs?: number
}

/** `approved` only when the chain id was typed; `later` leaves the run waiting, resumable. */
export type Answer = 'approved' | 'declined' | 'later'

/** Asks a human. Off a terminal there is nobody to ask: the answer is `later`. */
export interface Approver {
  ask(question: GateQuestion, signal: AbortSignal): Promise<Answer>
}
