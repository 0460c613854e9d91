import { isIP } from 'node:net'
import { EvhaError } from '../base/errors.ts'
import type { ConfigChanges } from './config-text.ts'
import { durationText } from './go-duration.ts'
import type { Timing } from './timing.ts'

/** One node of the cluster, as every other node must know it. */
export interface Member {
  /** Unique; also its name in Raft. */
  readonly nodeId: string
  /** A concrete IP address or a host name that all others resolve. */
  readonly address: string
  readonly raftPort: number
  readonly p2pPort: number
  readonly peerId: string
}

export interface RaftChangesInput {
  /** Whose configuration this is, by nodeId. */
  readonly node: string
  /** All members, the same list in the same order for every node: unequal lists split the cluster for good (evnode.md B 4). */
  readonly members: readonly Member[]
  readonly timing: Timing
  /** The live one's, the same for all; a namespace that is left out would be a random one (evnode.md B 1.2). */
  readonly da?: { readonly address: string; readonly namespace: string }
  /** Absolute. */
  readonly raftDir: string
  /** Absolute directory of signer.json: a relative one follows the working directory (evnode.md B 1.2). */
  readonly signerPath?: string
  readonly rpcAddress?: string
  /** The multiaddress to listen on; without it the member's own address and P2P port. */
  readonly p2pListen?: string
  /** Peers outside of the cluster which the node had before, as multiaddresses. */
  readonly otherPeers?: readonly string[]
}

/**
 * Everything in evnode.yaml that makes a node one member of the cluster, for `mergeConfig`. The three numbers are the
 * public guide's (evnode.md A4b). Throws EvhaError (usage) for what the node would refuse.
 */
export function raftChanges(input: RaftChangesInput): ConfigChanges {
  const { members, timing, raftDir } = input
  const self = checkMembers(members, input.node)
  if (!raftDir.startsWith('/')) throw refused(`raft_dir ${raftDir} is not absolute`)
  const others = members.filter((member) => member !== self)
  return {
    'node.aggregator': true,
    'raft.enable': true,
    'raft.node_id': self.nodeId,
    'raft.raft_addr': raftAddress(self),
    'raft.raft_dir': raftDir,
    'raft.peers': others.map((member) => `${member.nodeId}@${raftAddress(member)}`).join(','),
    'raft.snap_count': 3,
    ...timingSettings(timing),
    'raft.snapshot_threshold': 5000,
    'raft.trailing_logs': 18000,
    'p2p.listen_address':
      input.p2pListen ?? `/${protocolOf(self.address)}/${self.address}/tcp/${self.p2pPort}`,
    'p2p.peers': joinedPeers(others, input.otherPeers ?? []),
    ...(input.da === undefined ? {} : { 'da.address': input.da.address, 'da.namespace': input.da.namespace }),
    ...(input.rpcAddress === undefined ? {} : { 'rpc.address': input.rpcAddress }),
    ...(input.signerPath === undefined ? {} : { 'signer.signer_path': absolute(input.signerPath) }),
  }
}

/** The four timeouts as the node's settings. */
export function timingSettings(timing: Timing): Readonly<Record<string, string>> {
  return {
    'raft.send_timeout': durationText(timing.sendMs),
    'raft.heartbeat_timeout': durationText(timing.heartbeatMs),
    'raft.leader_lease_timeout': durationText(timing.leaseMs),
    'raft.election_timeout': durationText(timing.electionMs),
  }
}

/** host:port of a member's Raft listener: bound and advertised alike, so it must be concrete (evnode.md B 1.1 a). */
export function raftAddress({ address, raftPort }: Pick<Member, 'address' | 'raftPort'>): string {
  return isIP(address) === 6 ? `[${address}]:${raftPort}` : `${address}:${raftPort}`
}

/** A member as a libp2p peer. */
export function multiaddress({ address, p2pPort, peerId }: Member): string {
  return `/${protocolOf(address)}/${address}/tcp/${p2pPort}/p2p/${peerId}`
}

/** Joined without spaces: the node does not trim these entries (evnode.md B 1.2). */
function joinedPeers(others: readonly Member[], outside: readonly string[]): string {
  const ids = new Set(others.map(({ peerId }) => peerId))
  const foreign = outside.filter((peer) => !ids.has(peer.split('/p2p/')[1] ?? ''))
  return [...others.map(multiaddress), ...foreign].join(',')
}

function protocolOf(address: string): string {
  const version = isIP(address)
  return version === 0 ? 'dns' : `ip${version}`
}

function absolute(path: string): string {
  if (!path.startsWith('/')) throw refused(`signer_path ${path} is not absolute`)
  return path
}

function checkMembers(members: readonly Member[], node: string): Member {
  for (const { nodeId, address, raftPort, p2pPort, peerId } of members) {
    if (!/^[^\s,@]+$/.test(nodeId)) throw refused(`${JSON.stringify(nodeId)} can not be a node id`)
    if (!concrete(address)) {
      throw refused(
        `${nodeId}: ${JSON.stringify(address)} is no address that other nodes can reach, and the node refuses to advertise it`,
      )
    }
    for (const port of [raftPort, p2pPort]) {
      if (!Number.isInteger(port) || port < 1 || port > 65535) throw refused(`${nodeId}: ${port} is no port`)
    }
    if (!/^[1-9A-HJ-NP-Za-km-z]{40,60}$/.test(peerId)) throw refused(`${nodeId}: ${peerId} is no peer id`)
  }
  const distinct = (what: string, keys: readonly string[]) => {
    const twice = keys.find((key, index) => keys.indexOf(key) !== index)
    if (twice !== undefined) throw refused(`two members have the ${what} ${twice}`)
  }
  distinct(
    'node id',
    members.map(({ nodeId }) => nodeId),
  )
  distinct('Raft address', members.map(raftAddress))
  distinct(
    'peer id',
    members.map(({ peerId }) => peerId),
  )
  const self = members.find(({ nodeId }) => nodeId === node)
  if (self === undefined) throw refused(`${node} is not among the members`)
  return self
}

/** Addresses that mean "every interface" are refused in each of their spellings. */
function concrete(address: string): boolean {
  const version = isIP(address)
  if (version === 4) return !/^0+(\.0+)*$/.test(address)
  if (version === 6) return /[1-9a-f]/i.test(address.replace(/^::ffff:(?=0)/i, ''))
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(address) && !/^[\d.]+$/.test(address)
}

function refused(why: string): EvhaError {
  return new EvhaError({
    kind: 'usage',
    message: `the cluster can not be configured: ${why}`,
    changedAnything: 'no',
    retryable: false,
    hint: 'mend the nodes in the runbook',
  })
}
