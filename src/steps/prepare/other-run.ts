import { alreadyTaken } from '../../base/already-taken.ts'
import { EvhaError } from '../../base/errors.ts'
import { must } from '../ask.ts'
import { parseDecision, readDecisionFile } from '../host/decision.ts'
import { fact, type StepContext } from '../step.ts'
import { readClaim } from './claim.ts'

/** A run of somebody else works on the source, or its decision fell already. Gives the decision file as it stands. */
export async function refuseOtherRun(context: StepContext): Promise<string> {
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
  return decided.trim()
}

/**
 * The decision on the source is another one than check saw: a run went to a cluster since, and back. What is known of the
 * hosts is from before it, and their stores may be what is left of its members.
 */
export async function refuseOldLook(context: StepContext): Promise<void> {
  const { source, run } = context
  const stands = await refuseOtherRun(context)
  const { decision: seen } = fact(context, 'check')
  if (seen === undefined || seen === stands) return
  const now = stands === 'absent' ? 'the decision file is gone' : `the decision file says: ${stands}`
  throw new EvhaError({
    kind: 'blocked',
    message: `${source.spec.name}: another run was at work here after the run ${run} had looked at the hosts (${now}); what it saw is out of date`,
    changedAnything: 'no',
    retryable: false,
    hint: `put the directory of the run ${run} away, below the state directory, look with \`evha check\`, and begin anew with \`evha migrate RUNBOOK\``,
  })
}
