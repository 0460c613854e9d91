import { ask, must, onEach, stuck } from '../ask.ts'
import { disarmDeadMan } from '../dead-man/commands.ts'
import { commitDecision, sourceChanged } from '../host/commit-decision.ts'
import { parseDecision, readDecisionFile } from '../host/decision.ts'
import { done, fact, notYet, type Step, type StepContext } from '../step.ts'
import { keyOf } from '../window/arm.ts'
import { measureAll, refuseSpentBudget, roundMaxMs } from './round.ts'
import { hostsNamed } from './start-quorum.ts'

export const decide: Step<'decide'> = {
  name: 'decide',
  plan: ({ source }) => [
    `measure fence, guard, boot ids, warm nodes, room and ports once more, in one round of at most ${roundMaxMs} ms`,
    'disarm the dead-men of the warm nodes, for good: none may end a member once the decision has fallen',
    'see that a majority of the hosts keeps the journal',
    `change the decision file on ${source.spec.name} from open to committed, unless its fence, its guard or its boot id changed`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source } = context
    // The round trip of the journal runs beside those of the measuring and the disarming.
    const [roundAtMs] = await Promise.all([
      context.onPaper ? null : measuredLately(context),
      context.journalKept(),
      disarmWarm(context),
    ])
    // A host that took its time over the journal or the disarming has made the round old.
    if (roundAtMs !== null && context.now() - roundAtMs > roundMaxMs) await measureAll(context)
    const bootId = fact(context, 'arm').bootIds[source.spec.name] ?? ''
    const asked = await ask(context, source, commitDecision(source.spec, bootId, keyOf(context)))
    if (asked.exitCode === sourceChanged) throw stuck(`${source.spec.name}: ${asked.stdout.trim()}`)
    // The file as it stood under its lock, right after the change; where it was not changed, verify reads whose it is.
    const decision = asked.exitCode === 0 ? parseDecision(asked.stdout)?.decision : undefined
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
 * Before the decision, and with every warm node; those of the other peers went as the warm ones started. A dead-man that
 * acted after it would end a member of the cluster. Should evha die between the two, the source's dead-man brings the chain
 * back, and the warm nodes wait on, fewer than a quorum.
 */
async function disarmWarm(context: StepContext): Promise<void> {
  const warm = hostsNamed(context, fact(context, 'warmPeers').warm)
  const said = await onEach(warm, (peer) => must(context, peer, disarmDeadMan(peer.spec, keyOf(context))))
  if (context.onPaper) return
  const acted = Object.keys(said).filter((name) => said[name] !== 'armed')
  if (acted.length > 0) throw stuck(`${acted.join(', ')}: its dead-man has ended the warm node`)
}

/** When the round began that counts: the one made beside the warm start, or for the gate, while it is young; else a new one. */
async function measuredLately(context: StepContext): Promise<number> {
  refuseSpentBudget(context, context.now())
  const { roundAtMs } = fact(context, 'weighCommit')
  const ageMs = context.now() - (roundAtMs ?? 0)
  if (roundAtMs !== null && ageMs >= 0 && ageMs <= roundMaxMs / 2) return roundAtMs
  return measureAll(context)
}
