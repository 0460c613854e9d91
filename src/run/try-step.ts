import { EvhaError, type Failure, failureOf } from '../base/errors.ts'
import type { StepName } from '../base/names.ts'
import type { Facts } from '../steps/facts.ts'
import type { Step, StepContext, Verdict } from '../steps/step.ts'

/** How a try ended. */
export type Ended =
  | { readonly kind: 'done'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly failure: Failure }

/**
 * One step, tried. After a crash its verify is asked first: what is found done is never done again. An effect whose
 * end was not seen is settled the same way before it counts as failed.
 */
export async function tryStep(
  step: Step<StepName>,
  context: StepContext,
  wasUnsettled: boolean,
): Promise<Ended> {
  try {
    if (wasUnsettled) {
      const settled = await step.verify(context)
      if (settled.done) return { kind: 'done', output: settled.output }
    }
    if (step.keepsJournal === 'first') await context.journalKept()
    await step.precheck(context)
    const measured = await step.apply(context)
    return endOf(step, context, await step.verify(context, measured))
  } catch (thrown) {
    const failure = failureOf(thrown)
    if (failure.changedAnything !== 'unknown' || context.signal.aborted) return { kind: 'failed', failure }
    const settled = await step
      .verify(context)
      .catch((): Verdict<Facts[StepName]> => ({ done: false, why: failure.message }))
    return settled.done ? { kind: 'done', output: settled.output } : { kind: 'failed', failure }
  }
}

function endOf(step: Step<StepName>, context: StepContext, verdict: Verdict<Facts[StepName]>): Ended {
  if (verdict.done) return { kind: 'done', output: verdict.output }
  throw new EvhaError({
    kind: 'failed',
    message: `${verdict.why} (${step.name})`,
    changedAnything: 'yes',
    retryable: true,
    hint: `look at the named host; \`evha resume ${context.run}\` goes on`,
  })
}
