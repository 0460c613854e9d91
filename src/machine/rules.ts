import { assign, fromPromise, setup } from 'xstate'
import type { Failure } from '../base/errors.ts'
import { type Decision, type Gate, type StepName, stepNames } from '../base/names.ts'
import type { Meta, MigrateEvent, ReturnCause, RunContext, RunInput, Tag } from './context.ts'

/** Steps whose facts belong to one attempt at the window and are forgotten by the next. */
const windowFacts: readonly StepName[] = stepNames.slice(
  stepNames.indexOf('weighCutover'),
  stepNames.indexOf('tidy') + 1,
)

/** The machine decides and runs nothing: whoever interprets it must bring the steps. */
const step = fromPromise<unknown>(() =>
  Promise.reject(new Error('steps are run by the runner, not by the machine')),
)
const steps = Object.fromEntries(stepNames.map((name) => [name, step])) as Record<StepName, typeof step>

/** The step and the value of a done or error event of an invoked step. */
function endOf(event: { readonly type: string }): { step: StepName; value: unknown } {
  const name = event.type.split('.').at(-1) as StepName
  const ended = event as { output?: unknown; error?: unknown }
  return { step: name, value: 'output' in ended ? ended.output : ended.error }
}

const gateOf: Partial<Record<StepName, Gate>> = {
  weighCutover: 'cutover',
  weighCommit: 'commit',
  weighRollback: 'rollback',
  weighFinish: 'finish',
}

function decisionIn(event: { readonly type: string }): Decision | undefined {
  return (endOf(event).value as { decision?: Decision } | undefined)?.decision
}

/** Steps whose fact holds the decision as they found it. */
const deciders = ['decide', 'readDecision', 'returnDecision'] as const satisfies readonly StepName[]

/** True once a step has read or written the decision as committed. */
export function everCommitted(context: RunContext): boolean {
  return deciders.some(
    (name) => (context.facts[name] as { decision?: Decision } | undefined)?.decision === 'committed',
  )
}

/** The operator declined a rollback that has not begun. */
const declinesRollback = (context: RunContext, event: MigrateEvent) =>
  event.type === 'DECLINE' && event.gate === 'rollback' && !context.rollbackBegan

/** Guards, actions and actors by name; the table in migrate.ts reads like the runbook with them. */
export const rules = setup({
  types: {
    context: {} as RunContext,
    events: {} as MigrateEvent,
    input: {} as RunInput,
    meta: {} as Meta,
    tags: {} as Tag,
  },
  actors: steps,
  guards: {
    /** The approval names this chain and the very digest the gate shows now. */
    approvalHolds: ({ context, event }, { gate }: { gate: Gate }) =>
      event.type === 'APPROVE' &&
      event.gate === gate &&
      event.chain === context.chain &&
      event.digest !== '' &&
      event.digest === context.evidence[gate],
    isGate: ({ event }, { gate }: { gate: Gate }) => event.type === 'DECLINE' && event.gate === gate,
    /** No rollback after all, and every node was started before. */
    declinedBesideAll: ({ context, event }) =>
      declinesRollback(context, event) && context.facts.startRest !== undefined,
    /** No rollback after all, and a quorum was started before. */
    declinedBesideQuorum: ({ context, event }) =>
      declinesRollback(context, event) && context.facts.startQuorum !== undefined,
    /** No rollback after all, and nobody but the warm nodes was started. */
    declinedBesideWarm: ({ context, event }) => declinesRollback(context, event),
    windowOverran: ({ event }) => event.type === 'RESUME' && event.windowOverran,
    contradicts: ({ event }) => (endOf(event).value as Failure | undefined)?.kind === 'contradiction',
    isCommitted: ({ event }) => decisionIn(event) === 'committed',
    isReturned: ({ event }) => decisionIn(event) === 'returned',
    wasCommitted: ({ context }) => everCommitted(context),
    neverCommitted: ({ context }) => !everCommitted(context),
    byOperator: ({ context }) => context.returnCause === 'operator',
  },
  actions: {
    noteFacts: assign(({ context, event }) => {
      const { step: name, value } = endOf(event)
      return { facts: { ...context.facts, [name]: value ?? null }, failure: null }
    }),
    noteEvidence: assign(({ context, event }) => {
      const { step: name, value } = endOf(event)
      const gate = gateOf[name]
      const digest = (value as { digest?: string } | undefined)?.digest ?? ''
      return {
        facts: { ...context.facts, [name]: value ?? null },
        failure: null,
        evidence: gate === undefined ? context.evidence : { ...context.evidence, [gate]: digest },
      }
    }),
    noteApproval: assign(({ context, event }) => {
      if (event.type !== 'APPROVE') return {}
      const { type: _, ...approval } = event
      return { approvals: { ...context.approvals, [event.gate]: approval } }
    }),
    noteRollback: assign({ rollbackBegan: true }),
    forgetEvidence: assign(({ context }, { gate }: { gate: Gate }) => {
      const { [gate]: _, ...evidence } = context.evidence
      return { evidence }
    }),
    noteFailure: assign(({ event }) => ({ failure: endOf(event).value as Failure })),
    /** Why the run turns back, where the event itself says it. */
    noteReason: assign(({ event }) =>
      'failure' in event && event.failure !== undefined ? { failure: event.failure } : {},
    ),
    noteSignedTwice: assign(({ event }) => {
      if (event.type !== 'SIGNED_TWICE') return {}
      const { failure, heights, seen, proofs } = event
      return { failure, signedTwice: { heights, seen, proofs } }
    }),
    clearFailure: assign({ failure: null }),
    voidApprovals: assign({ approvals: {}, evidence: {}, failure: null }),
    goBackBecause: assign(({ context }, { cause }: { cause: ReturnCause }) => ({
      // Whatever else led back before, an operator who asks for it means the end of the run.
      returnCause: cause === 'operator' ? cause : (context.returnCause ?? cause),
      returnFailure: context.returnFailure ?? context.failure,
    })),
    nextAttempt: assign(({ context }) => ({
      attempt: context.attempt + 1,
      returnCause: null,
      returnFailure: null,
      approvals: {},
      evidence: {},
      failure: null,
      facts: Object.fromEntries(
        Object.entries(context.facts).filter(([name]) => !windowFacts.includes(name as StepName)),
      ),
    })),
  },
})
