import { NodeFailure } from '../failure.ts'

/** A member of the cluster. */
export interface Voter {
  readonly id: string
  /** host:port of its Raft listener. */
  readonly address: string
}

/**
 * The members as the configuration names them: this node first, then `raft.peers`. An entry equal to this node is
 * dropped; the same id under another spelling is an error (evnode.md B 1.1 b). Throws NodeFailure.
 */
export function membersOf(self: Voter, peers: readonly string[]): readonly Voter[] {
  const members = [self]
  for (const peer of peers) {
    const voter = voterIn(peer)
    if (voter.id !== self.id || voter.address !== self.address) members.push(voter)
  }
  if (new Set(members.map(({ id }) => id)).size < members.length)
    throw startingElection(`duplicate peers found in config: [${members.map(shown).join(' ')}]`)
  const addresses = members.map(({ address }) => address)
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index)
  if (twice !== undefined)
    throw startingElection(`bootstrap cluster: found duplicate address in configuration: ${twice}`)
  return members
}

/** What a node says when it fails between opening its transport and its first election. */
export function startingElection(why: string): NodeFailure {
  return new NodeFailure(`error while starting leader election: ${why}`)
}

function voterIn(peer: string): Voter {
  const [, id = '', address = ''] = /^([^@]+)@(.+)$/.exec(peer) ?? []
  if (id === '') throw startingElection(`peer "${peer}" : expecting nodeID@address for peer`)
  return { id, address }
}

/** A voter as the Raft library prints it. */
export function shown({ id, address }: Voter): string {
  return `{Voter ${id} ${address}}`
}

/** The line the Raft library prints at each start. */
export function initialConfiguration(index: number, voters: readonly Voter[]): string {
  const servers = voters.map(({ id, address }) => `{Suffrage:Voter ID:${id} Address:${address}}`)
  return `initial configuration: index=${index} servers=${servers.length === 0 ? '[]' : `"[${servers.join(' ')}]"`}`
}

/** More than half of the members. */
export function quorumOf(voters: readonly Voter[]): number {
  return Math.floor(voters.length / 2) + 1
}
