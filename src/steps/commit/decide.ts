import { EvhaError } from '../../base/errors.ts'
import { must, onEach, stuck } from '../ask.ts'
import { disarmDeadMan } from '../dead-man/commands.ts'
import { changeDecision, parseDecision, readDecisionFile } from '../host/decision.ts'
import { readUnit, showUnit } from '../host/systemd.ts'
import { done, fact, notYet, type Step, type StepContext } from '../step.ts'
import { keyOf, rebooted } from '../window/arm.ts'
import { whyNotFenced } from '../window/fence.ts'
import { guardDir } from '../window/stop-source.ts'

/** Everything the decision rests on must have been measured in one round no older than this. */
const roundMaxMs = 2_000

export const decide: Step<'decide'> = {
  name: 'decide',
  plan: ({ source }) => [
    `measure fence, guard, boot ids and warm nodes once more, in one round of at most ${roundMaxMs} ms`,
    'disarm the dead-men of the peers, for good: none may end a member once the decision has fallen',
    `change the decision file on ${source.spec.name} from open to committed`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source } = context
    await Promise.all([disarmPeers(context), context.onPaper ? undefined : measureAll(context)])
    await must(context, source, changeDecision(source.spec, ['open'], 'committed', keyOf(context)))
    return undefined
  },
  verify: (context) => readIt(context),
  irreversible: 'from here the cluster may produce a block; the old sequencer may never produce alone again',
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

/** A round that was only slow is made again, so often; nothing is decided yet, and each one is measured whole. */
const roundsMax = 3

/** One round over all hosts; throws the first thing that no longer holds, and when no round was quick enough. */
export async function measureAll(context: StepContext): Promise<void> {
  let tookMs = 0
  for (let round = 0; round < roundsMax; round++) {
    const startedMs = context.now()
    refuseSpentBudget(context, startedMs)
    await measureOnce(context)
    tookMs = context.now() - startedMs
    if (tookMs <= roundMaxMs) return
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
  const [open, guard, boots] = await Promise.all([
    whyNotFenced(context, source),
    context.hands.statusOfDetached(source.remote, guardDir(context)),
    rebooted(context),
    sourceIsDown(context),
    stillWarm(context),
  ])
  if (open !== null) throw stuck(open)
  if (guard.kind !== 'running') throw stuck(`${source.spec.name}: the guard of the store is gone`)
  if (boots.length > 0) throw stuck(`${boots.join(', ')}: rebooted inside the window`)
}

async function sourceIsDown(context: StepContext): Promise<void> {
  const { source } = context
  const unit = readUnit(await must(context, source, showUnit(source.spec.unit)))
  if (unit.active !== 'inactive' || unit.invocation !== fact(context, 'fence').invocation)
    throw stuck(`${source.spec.name}: ${source.spec.unit} was started again since the stop`)
}

async function stillWarm(context: StepContext): Promise<void> {
  const { warm, started } = fact(context, 'warmPeers')
  await onEach(context.peers, async (peer) => {
    const unit = readUnit(await must(context, peer, showUnit(peer.spec.unit)))
    const isWarm = warm.includes(peer.spec.name)
    if (isWarm && (unit.active !== 'active' || unit.invocation !== started[peer.spec.name]?.invocation))
      throw stuck(`${peer.spec.name}: the warm node did not stay up (${unit.active}, ${unit.result})`)
    if (!isWarm && unit.active !== 'inactive' && unit.active !== 'failed')
      throw stuck(`${peer.spec.name}: ${peer.spec.unit} runs although nobody started it`)
  })
}
