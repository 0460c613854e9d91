import { contradiction, must } from '../ask.ts'
import { endDeadMan } from '../dead-man/commands.ts'
import { changeDecision, parseDecision, readDecisionFile } from '../host/decision.ts'
import { done, notYet, type Step } from '../step.ts'
import { keyOf } from '../window/arm.ts'
import { stopSource } from '../window/stop-source.ts'
import { stopForGood } from '../window/warm-peers.ts'
import { onReachable } from './reach.ts'
import { revokeOn } from './stop-cluster.ts'

/** What an operator has to know of peers that were not reached; they are fewer than a quorum. */
export const membersLeft = (names: readonly string[]): string =>
  `${names.join(', ')}: not reached; a member that was started there may wait on by itself, and makes no block: \`evha abort\` ends it once the host answers`

export const disarm: Step<'disarm'> = {
  name: 'disarm',
  plan: ({ source, peers }) => [
    `end the dead-men of ${peers.length} peers, each after its member`,
    `end the guard that holds the store of ${source.spec.name}; its dead-man stays until it has been started`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { revokePermits, stopRaft } = context.facts
    const missed = new Set([...(revokePermits?.unreached ?? []), ...(stopRaft?.unreached ?? [])])
    // The one of a peer out of reach ends itself: it has nobody to hear.
    const { unreached } = await onReachable(context, context.peers, async (peer) => {
      // In reach again: its member would outlive the dead-man that is to end it.
      if (missed.has(peer.spec.name)) {
        await revokeOn(context, peer)
        await stopForGood(context, peer)
      }
      await must(context, peer, endDeadMan(peer.spec))
    })
    if (unreached.length > 0) context.tell(membersLeft(unreached))
    if ('undo' in stopSource) await stopSource.undo(context)
    return { unreached }
  },
  verify: (_context, measured) =>
    Promise.resolve(
      measured === undefined ? notYet('dead-men and guard were not ended yet') : done(measured),
    ),
  undo: () => Promise.resolve(),
}

export const returnDecision: Step<'returnDecision'> = {
  name: 'returnDecision',
  plan: ({ source }) => [`change the decision file on ${source.spec.name} from open to returned`],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source } = context
    const stands = parseDecision(await must(context, source, readDecisionFile(source.spec)))
    const key = keyOf(context)
    const ours = stands?.run === key.run && stands.attempt === key.attempt
    if (ours && (stands.decision === 'open' || stands.decision === 'held'))
      // Lost against a commit in this very moment: verify reads which way it fell.
      await source.remote.run(changeDecision(source.spec, ['open', 'held'], 'returned', key), context.signal)
    return undefined
  },
  verify: async (context) => {
    const { source } = context
    const stands = parseDecision(await must(context, source, readDecisionFile(source.spec)))
    const key = keyOf(context)
    if (stands === null || stands.decision === 'returned') return done({ decision: 'returned' })
    if (stands.run !== key.run)
      throw contradiction(`${source.spec.name}: the decision file belongs to the run ${stands.run}`)
    if (stands.decision === 'committed') return done({ decision: 'committed' })
    return notYet(`${source.spec.name}: the decision file still says ${stands.decision}`)
  },
  undo: () => Promise.resolve(),
}
