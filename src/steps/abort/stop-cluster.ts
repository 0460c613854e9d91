import { ask, must, until } from '../ask.ts'
import { listPermits, takePermit } from '../host/permits.ts'
import { lockDir, storeIsFree } from '../host/store.ts'
import { disableUnit, isUp, readUnit, showUnit } from '../host/systemd.ts'
import { done, notYet, type Step } from '../step.ts'
import { stopForGood } from '../window/warm-peers.ts'
import { onReachable } from './reach.ts'

/** A copy ends with its link; this waits until its process has let go of the store. */
const copyEndsTimeoutMs = 30_000

export const killCopies: Step<'killCopies'> = {
  name: 'killCopies',
  plan: () => ['wait until no copy writes into a peer any more'],
  precheck: () => Promise.resolve(),
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
  verify: () => Promise.resolve(done({})),
  undo: () => Promise.resolve(),
}

export const revokePermits: Step<'revokePermits'> = {
  name: 'revokePermits',
  plan: ({ peers }) => [`take the Raft permits from ${peers.length} peers and disable their units`],
  precheck: () => Promise.resolve(),
  apply: (context) =>
    onReachable(context, context.peers, async (peer) => {
      await must(context, peer, takePermit(peer.spec, 'raft'))
      const unit = readUnit(await must(context, peer, showUnit(peer.spec.unit)))
      if (unit.unitFileState === 'enabled') await must(context, peer, disableUnit(peer.spec.unit))
    }),
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
