import { EvhaError } from '../../base/errors.ts'
import { ask, must, until } from '../ask.ts'
import { parseDecision, readDecisionFile } from '../host/decision.ts'
import { listPermits, takePermit } from '../host/permits.ts'
import { storeIsFree } from '../host/store.ts'
import { disableUnit, isUp, readUnit, showUnit } from '../host/systemd.ts'
import { lockDir } from '../host/tree.ts'
import { whoDrives } from '../host/who.ts'
import { claim } from '../prepare/claim.ts'
import { done, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { stopForGood } from '../window/warm-peers.ts'
import { onReachable } from './reach.ts'

/** A copy ends with its link; this waits until its process has let go of the store. */
const copyEndsTimeoutMs = 30_000

/**
 * A run that was broken off before it had prepared anything may never have claimed the source. It must not undo what
 * another run has done there meanwhile, so it claims it now, or goes no further.
 */
async function claimedForUs(context: StepContext): Promise<void> {
  const { source, run, facts } = context
  if (facts.preparePeers !== undefined) return
  const { name } = source.spec
  const stands = parseDecision(await must(context, source, readDecisionFile(source.spec)))
  if (stands?.decision === 'committed' && stands.run !== run)
    throw takenBy(name, stands.run, 'has taken this chain to a cluster')
  const claimed = await ask(context, source, claim(source.spec, run, whoDrives()))
  if (claimed.exitCode !== 0) throw takenBy(name, claimed.stdout.trim(), 'has claimed it')
}

function takenBy(name: string, run: string, what: string): EvhaError {
  return new EvhaError({
    kind: 'locked',
    message: `${name}: the run ${run} ${what}; this run has changed nothing there, so nothing is undone`,
    changedAnything: 'no',
    retryable: false,
    hint: 'go on with that run where it was begun',
  })
}

export const killCopies: Step<'killCopies'> = {
  name: 'killCopies',
  plan: () => ['wait until no copy writes into a peer any more'],
  precheck: claimedForUs,
  apply: async (context) => {
    await onReachable(context, context.peers, async (peer) => {
      if (isUp(readUnit(await must(context, peer, showUnit(peer.spec.unit))))) return
      const free = await until(context, { timeoutMs: copyEndsTimeoutMs, everyMs: 500 }, async () =>
        (await ask(context, peer, storeIsFree(peer.spec))).exitCode === 1 ? null : true,
      )
      if (free === null)
        context.tell(`${peer.spec.name}: something still holds the lock of ${lockDir(peer.spec)}`)
    })
    return {}
  },
  verify: (_context, measured) =>
    Promise.resolve(
      measured === undefined ? notYet('the end of the copies was not waited for yet') : done({}),
    ),
  undo: () => Promise.resolve(),
}

/** Nothing starts the member of this peer any more; one that runs goes on. */
export async function revokeOn(context: StepContext, peer: Host): Promise<void> {
  await must(context, peer, takePermit(peer.spec, 'raft'))
  const unit = readUnit(await must(context, peer, showUnit(peer.spec.unit)))
  if (unit.unitFileState === 'enabled') await must(context, peer, disableUnit(peer.spec.unit))
}

export const revokePermits: Step<'revokePermits'> = {
  name: 'revokePermits',
  plan: ({ peers }) => [`take the Raft permits from ${peers.length} peers and disable their units`],
  precheck: () => Promise.resolve(),
  apply: (context) => onReachable(context, context.peers, (peer) => revokeOn(context, peer)),
  verify: async (context) => {
    const left: string[] = []
    const reached = await onReachable(context, context.peers, async (peer) => {
      if ((await must(context, peer, listPermits(peer.spec))).includes('raft')) left.push(peer.spec.name)
    })
    return left.length === 0 ? done(reached) : notYet(`${left.join(', ')}: the Raft permit still stands`)
  },
  undo: () => Promise.resolve(),
}

export const stopRaft: Step<'stopRaft'> = {
  name: 'stopRaft',
  plan: ({ peers }) => [`stop the Raft process on ${peers.length} peers and prove it gone`],
  precheck: () => Promise.resolve(),
  apply: (context) => onReachable(context, context.peers, (peer) => stopForGood(context, peer)),
  verify: async (context) => {
    const up: string[] = []
    const reached = await onReachable(context, context.peers, async (peer) => {
      if (isUp(readUnit(await must(context, peer, showUnit(peer.spec.unit))))) up.push(peer.spec.name)
    })
    return up.length === 0 ? done(reached) : notYet(`${up.join(', ')}: the Raft process still runs`)
  },
  undo: () => Promise.resolve(),
}
