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
  entered(state: StateView): void
  /** One line about what is going on inside the state, and why it waits. */
  progress(text: string): void
  left(state: StateView, durationMs: number): void
  failed(state: StateView, failure: Failure, willRetry: boolean): void
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
