import { EvhaError } from '../../base/errors.ts'
import { must, onEach, stuck } from '../ask.ts'
import { disarmDeadMan } from '../dead-man/commands.ts'
import { refuseWithoutQuorum } from '../gates/startable.ts'
import { changeDecision, parseDecision, readDecisionFile } from '../host/decision.ts'
import { type HostLook, lookAtGround } from '../host/look.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { keyOf } from '../window/arm.ts'
import { notFencedIn } from '../window/fence.ts'
import { guardDir } from '../window/stop-source.ts'

/** Everything the decision rests on must have been measured in one round no older than this. */
const roundMaxMs = 2_000

export const decide: Step<'decide'> = {
  name: 'decide',
  plan: ({ source }) => [
    `measure fence, guard, boot ids, warm nodes, room and ports once more, in one round of at most ${roundMaxMs} ms`,
    'disarm the dead-men of the peers, for good: none may end a member once the decision has fallen',
    'see that a majority of the hosts keeps the journal',
    `change the decision file on ${source.spec.name} from open to committed`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source } = context
    // The round trip of the journal runs beside those of the measuring and the disarming.
    await Promise.all([
      context.journalKept(),
      disarmPeers(context),
      context.onPaper ? undefined : measuredLately(context),
    ])
    const stands = await must(
      context,
      source,
      changeDecision(source.spec, ['open'], 'committed', keyOf(context)),
    )
    // The file as it stood under its lock, right after the change.
    const decision = parseDecision(stands)?.decision
    return decision === undefined ? undefined : { decision }
  },
  verify: (context, measured) =>
    measured?.decision === undefined
      ? readIt(context)
      : Promise.resolve(done({ decision: measured.decision })),
  irreversible: 'from here the cluster may produce a block; the old sequencer may never produce alone again',
  keepsJournal: 'beside',
}

/** Reads which way the decision fell, after a crash or a try whose end was not seen. */
export const readDecision: Step<'readDecision'> = {
  name: 'readDecision',
  plan: ({ source }) => [`read the decision file on ${source.spec.name}`],
  precheck: () => Promise.resolve(),
  apply: () => Promise.resolve(undefined),
  verify: (context) => readIt(context),
  undo: () => Promise.resolve(),
}

async function readIt(context: StepContext): ReturnType<Step<'decide'>['verify']> {
  const stands = parseDecision(await must(context, context.source, readDecisionFile(context.source.spec)))
  const key = keyOf(context)
  if (stands === null || stands.run !== key.run || stands.attempt !== key.attempt)
    return notYet(`${context.source.spec.name}: the decision file does not speak of this attempt`)
  return done({ decision: stands.decision })
}

/**
 * Before the decision, and with every peer: a dead-man that acted after it would end a member of the cluster. Should evha
 * die between the two, the source's dead-man brings the chain back, and the warm peers wait on, fewer than a quorum.
 */
async function disarmPeers(context: StepContext): Promise<void> {
  const said = await onEach(context.peers, (peer) =>
    must(context, peer, disarmDeadMan(peer.spec, keyOf(context))),
  )
  if (context.onPaper) return
  const { warm } = fact(context, 'warmPeers')
  const acted = warm.filter((name) => said[name] !== 'armed')
  if (acted.length > 0) throw stuck(`${acted.join(', ')}: its dead-man has ended the warm node`)
}

/** The gate may have been weighed on such a round; when that one is still young, it counts. */
async function measuredLately(context: StepContext): Promise<void> {
  refuseSpentBudget(context, context.now())
  const { roundAtMs } = fact(context, 'weighCommit')
  const ageMs = context.now() - (roundAtMs ?? 0)
  if (ageMs >= 0 && ageMs <= roundMaxMs / 2) return
  await measureAll(context)
}

/** A round that was only slow is made again, so often; nothing is decided yet, and each one is measured whole. */
const roundsMax = 3

/**
 * One round over all hosts; throws the first thing that no longer holds, and when no round was quick enough. Returns
 * when the round began, epoch ms: all of it was seen after that.
 */
export async function measureAll(context: StepContext): Promise<number> {
  let tookMs = 0
  for (let round = 0; round < roundsMax; round++) {
    const startedMs = context.now()
    refuseSpentBudget(context, startedMs)
    await measureOnce(context)
    tookMs = context.now() - startedMs
    if (tookMs <= roundMaxMs) return startedMs
  }
  throw new EvhaError({
    kind: 'failed',
    message: `the last round over all hosts took ${tookMs} ms, more than ${roundMaxMs} ms: what it saw may be out of date`,
    changedAnything: 'no',
    retryable: true,
    hint: 'see with `time ssh HOST true` which host is slow; its login shell may run slow start-up files',
  })
}

function refuseSpentBudget({ windowDeadlineMs }: StepContext, nowMs: number): void {
  if (windowDeadlineMs === null || nowMs < windowDeadlineMs) return
  throw new EvhaError({
    kind: 'budget',
    message: 'the budget of the window is spent',
    changedAnything: 'no',
    retryable: false,
    hint: 'the run goes back to the single sequencer; raise window.budgetSeconds if the parts need more',
  })
}

async function measureOnce(context: StepContext): Promise<void> {
  const { source } = context
  const [looks, guard] = await Promise.all([
    onEach(context.nodes, async (host) => {
      const look = await lookAtGround(context, host)
      refuseOther(context, host, look)
      return look
    }),
    context.hands.statusOfDetached(source.remote, guardDir(context)),
  ])
  refuseWithoutQuorum(context, looks, fact(context, 'warmPeers').warm)
  if (guard.kind !== 'running') throw stuck(`${source.spec.name}: the guard of the store is gone`)
  const noted = fact(context, 'arm').bootIds
  const rebooted = Object.keys(noted).filter((name) => looks[name]?.bootId !== noted[name])
  if (rebooted.length > 0) throw stuck(`${rebooted.join(', ')}: rebooted inside the window`)
}

/** Throws when the host is not what the decision rests on: the source fenced and down, the warm peers up, all others down. */
function refuseOther(context: StepContext, host: Host, look: HostLook): void {
  const { name, unit: unitName } = host.spec
  const { unit } = look
  if (host === context.source) {
    const open = notFencedIn(host, look)
    if (open !== null) throw stuck(open)
    if (unit.active !== 'inactive' || unit.invocation !== fact(context, 'fence').invocation)
      throw stuck(`${name}: ${unitName} was started again since the stop`)
    return
  }
  const { warm, started } = fact(context, 'warmPeers')
  const isWarm = warm.includes(name)
  if (isWarm && (unit.active !== 'active' || unit.invocation !== started[name]?.invocation))
    throw stuck(`${name}: the warm node did not stay up (${unit.active}, ${unit.result})`)
  if (!isWarm && unit.active !== 'inactive' && unit.active !== 'failed')
    throw stuck(`${name}: ${unitName} runs although nobody started it`)
}
