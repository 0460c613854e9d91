import { durationText } from '../../../evnode/go-duration.ts'
import { NodeFailure } from '../failure.ts'
import type { Settings } from '../settings.ts'

/** Times of a Raft member, in milliseconds. */
export interface RaftTiming {
  readonly heartbeatMs: number
  readonly electionMs: number
  readonly leaseMs: number
  readonly sendMs: number
}

const leastMs = 5

/** What the Raft library refuses when a node is created (errors seen on the real node). Throws NodeFailure. */
export function checkRaftSettings({ config }: Settings): void {
  const { address, heartbeatMs, electionMs, leaseMs } = config.raft
  const failed = (why: string) =>
    new NodeFailure(`failed to create node: failed to initialize raft node: create raft node: ${why}`)
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  if (!/:\d+$/.test(address))
    throw failed(`resolve raft address: address ${address}: missing port in address`)
  if (['', '0.0.0.0', '::'].includes(host))
    throw failed('create transport: local bind address is not advertisable')
  if (heartbeatMs < leastMs) throw failed('create raft: HeartbeatTimeout is too low')
  if (electionMs < leastMs) throw failed('create raft: ElectionTimeout is too low')
  if (leaseMs < leastMs) throw failed('create raft: LeaderLeaseTimeout is too low')
  if (leaseMs > heartbeatMs)
    throw failed(
      `create raft: LeaderLeaseTimeout (${durationText(leaseMs)}) cannot be larger than heartbeat timeout (${durationText(heartbeatMs)})`,
    )
}
