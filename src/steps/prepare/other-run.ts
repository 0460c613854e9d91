import { alreadyTaken } from '../../base/already-taken.ts'
import { EvhaError } from '../../base/errors.ts'
import { must } from '../ask.ts'
import { parseDecision, readDecisionFile } from '../host/decision.ts'
import type { StepContext } from '../step.ts'
import { readClaim } from './claim.ts'

/** A run of somebody else works on the source, or its decision fell already. */
export async function refuseOtherRun(context: StepContext): Promise<void> {
  const { source, run } = context
  const [claimed, decided] = await Promise.all([
    must(context, source, readClaim(source.spec)),
    must(context, source, readDecisionFile(source.spec)),
  ])
  const [holder, who, since] = claimed.trim().split(' ')
  if (holder !== undefined && holder !== '' && holder !== run)
    throw new EvhaError({
      kind: 'locked',
      message: `${source.spec.name} is claimed by the run ${holder} of ${who ?? 'somebody'} since ${since ?? 'some time'}`,
      changedAnything: 'no',
      retryable: true,
      hint: `let it end, or end it where it was begun: \`evha abort ${holder}\``,
    })
  const decision = parseDecision(decided)
  if (decision?.decision === 'committed' && decision.run !== run)
    throw alreadyTaken(source.spec.name, decision.run)
}
