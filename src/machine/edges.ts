import type { Gate, StepName } from '../base/names.ts'
import type { RunContext } from './context.ts'

// The few shapes of edges that the table is made of, by name.

/** The gate's own approval, for this chain and the digest it shows. */
export const approved = (gate: Gate) => ({ type: 'approvalHolds' as const, params: { gate } })
/** The operator said no at this gate. */
export const declined = (gate: Gate) => ({ type: 'isGate' as const, params: { gate } })
/** The run turns back, and why. */
export const because = (cause: NonNullable<RunContext['returnCause']>) => ({
  type: 'goBackBecause' as const,
  params: { cause },
})

/** A step that, failing, leaves the run where it is: `resume` tries again. */
export const tries = <S extends StepName>(src: S, target: string) => ({
  src,
  id: src,
  onDone: { target, actions: 'noteFacts' as const },
  onError: [
    { guard: 'contradicts' as const, target: '#needsHuman', actions: 'noteFailure' as const },
    { actions: 'noteFailure' as const },
  ],
})

/** A step of the window: whatever goes wrong before the point of no return leads back to the source. */
export const orReturns = <S extends StepName>(src: S, target: string) => ({
  src,
  id: src,
  onDone: { target, actions: 'noteFacts' as const },
  onError: [
    { guard: 'contradicts' as const, target: '#needsHuman', actions: 'noteFailure' as const },
    { target: '#abort', actions: ['noteFailure' as const, because('failure')] },
  ],
})

/** A gate weighs its evidence first; a weighing that fails can be tried again. */
export const weighs = <S extends StepName>(src: S) => ({
  src,
  id: src,
  onDone: { actions: 'noteEvidence' as const },
  onError: { actions: 'noteFailure' as const },
})

/** What a gate has shown counts only while the run waits there: whoever comes again is shown it again. */
export const forgets = (gate: Gate) => ({ type: 'forgetEvidence' as const, params: { gate } })

/** Before the point of no return the operator may want the old sequencer back. */
export const abortable = { ABORT: { target: '#abort', actions: because('operator') } }

/**
 * Inside the window: abort, an empty budget, a dead-man that acted, and a resume that comes too late all lead back. A
 * height signed twice leads nowhere: all writing ends.
 */
export const returnable = {
  ...abortable,
  BUDGET_SPENT: { target: '#abort', actions: ['noteReason' as const, because('budget')] },
  // It may still be at work: the way back ends it, stops what is warm and waits for a block.
  DEAD_MAN: { target: '#abort', actions: ['noteReason' as const, because('deadMan')] },
  SIGNED_TWICE: { target: '#halt', actions: ['noteSignedTwice' as const, because('signedTwice')] },
  RESUME: [
    {
      guard: 'windowOverran' as const,
      target: '#abort',
      actions: ['voidApprovals' as const, because('interrupted')],
    },
    { actions: 'voidApprovals' as const },
  ],
}

/** After the point of no return there is a rollback, through its gate; and a height signed twice ends all writing. */
export const rollable = {
  ROLLBACK: '#gate.rollback',
  // The writers go down: forward from here there is nothing that still runs.
  SIGNED_TWICE: {
    target: '#halt',
    actions: ['noteSignedTwice' as const, because('signedTwice'), 'noteRollback' as const],
  },
}
