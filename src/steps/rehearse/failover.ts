import { lookAtCluster } from '../after/verify-election.ts'
import { must, stuck, until } from '../ask.ts'
import { blocksBetween } from '../chain/blocks.ts'
import { heightOf } from '../chain/head.ts'
import { killUnit } from '../host/systemd.ts'
import type { StepContext } from '../step.ts'

/** What the death of a leader cost. */
export interface Failover {
  readonly killed: string
  readonly leader: string
  /** Block time of the last block before to block time of the first one after. */
  readonly gapMs: number
  /** From the kill until every node voted again. */
  readonly allVotingMs: number
}

/** Election, the node's restart by systemd, its catching up: with the leader's P2P wait this can take a minute. */
const healTimeoutMs = 120_000

/** Kills the leader as a dying host would, and waits until another one leads and every node is in again. */
export async function killLeader(context: StepContext): Promise<Failover> {
  const before = await until(context, { timeoutMs: healTimeoutMs, everyMs: 250 }, async () => {
    const look = await lookAtCluster(context)
    return typeof look === 'string' ? null : look
  })
  const leader = context.nodes.find(({ spec }) => spec.name === before?.leader)
  if (before === null || leader === undefined)
    throw stuck('the cluster did not come to rest before the failover')
  const killedAtMs = context.now()
  await must(context, leader, killUnit(leader.spec.unit))
  const others = context.nodes.filter((host) => host !== leader)
  const after = await until(context, { timeoutMs: healTimeoutMs, everyMs: 100 }, async () => {
    const roles = await Promise.all(others.map((host) => context.rpc(host).raftNode()))
    const led = others.filter((_, i) => {
      const role = roles[i]
      return role?.kind === 'ok' && role.value.isLeader
    })
    const [next] = led
    if (next === undefined || led.length > 1) return null
    const height = await heightOf(context, next)
    return height !== null && height > before.head + 2 ? { next, height } : null
  })
  if (after === null)
    throw stuck(`no other node led within ${healTimeoutMs / 1_000} s after ${leader.spec.name} was killed`)
  const blocks = await blocksBetween(context, after.next, before.head, after.height)
  if (blocks === null) throw stuck(`${after.next.spec.name} does not give the blocks around the failover`)
  const gapMs = Math.max(
    ...blocks.slice(1).map((block, i) => block.timeMs - (blocks[i]?.timeMs ?? block.timeMs)),
  )
  const healed = await until(context, { timeoutMs: healTimeoutMs, everyMs: 250 }, async () => {
    const look = await lookAtCluster(context)
    return typeof look === 'string' ? null : look
  })
  if (healed === null) throw stuck(`not every node voted again within ${healTimeoutMs / 1_000} s`)
  return {
    killed: leader.spec.name,
    leader: after.next.spec.name,
    gapMs,
    allVotingMs: context.now() - killedAtMs,
  }
}
