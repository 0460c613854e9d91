import type { Voter } from './membership.ts'
import type { VoteRequest } from './messages.ts'

/** What a voter goes by. Nothing of the chain's store is in it: that is the hazard of a fresh cluster (evnode.md B 2). */
export interface VoterState {
  readonly term: number
  /** Vote in that term, '' for none. */
  readonly votedFor: string
  readonly lastIndex: number
  readonly lastTerm: number
  /** '' while none is known. */
  readonly leader: string
  /** Empty before the bootstrap. */
  readonly voters: readonly Voter[]
}

/** `hasLeader` is a refusal that is worth a line in the log. */
export type Vote = 'granted' | 'refused' | 'hasLeader'

/** The answer to a candidate, in the term of the request if that is newer; changes nothing. */
export function judgeCandidate(request: VoteRequest, own: VoterState): Vote {
  const { pre, term, candidate, lastIndex, lastTerm, transfer } = request
  if (own.voters.length > 0 && !own.voters.some(({ id }) => id === candidate)) return 'refused'
  if (own.leader !== '' && own.leader !== candidate && !transfer) return 'hasLeader'
  if (term < own.term) return 'refused'
  const votedFor = term > own.term ? '' : own.votedFor
  if (!pre && votedFor !== '') return votedFor === candidate ? 'granted' : 'refused'
  const isBehind = lastTerm < own.lastTerm || (lastTerm === own.lastTerm && lastIndex < own.lastIndex)
  return isBehind ? 'refused' : 'granted'
}
