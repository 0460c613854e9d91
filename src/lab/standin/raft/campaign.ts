import type { Logger } from '../logger.ts'
import { quorumOf, shown, type Voter } from './membership.ts'
import type { RaftRequest, VoteReply, VoteRequest } from './messages.ts'

/** What a candidate needs of its node. */
export interface CampaignContext {
  readonly self: Voter
  readonly voters: readonly Voter[]
  readonly lastIndex: number
  readonly lastTerm: number
  /** The leader handed over: no pre-vote, and voters do not mind that they have a leader. */
  readonly transfer: boolean
  readonly timeoutMs: number
  readonly logger: Logger
  readonly ask: (address: string, request: RaftRequest, timeoutMs: number) => Promise<Record<string, unknown>>
  /** False once the campaign for this term is pointless. */
  readonly stillOn: (term: number) => boolean
  /** Brings the own vote to the disk. */
  readonly voteForSelf: (term: number) => void
  readonly sawTerm: (term: number) => void
}

interface Count {
  readonly tally: number
  readonly refused: number
}

/** One try to become leader: first ask who would vote, and only then open a new term. */
export class Campaign {
  readonly #context: CampaignContext

  constructor(context: CampaignContext) {
    this.#context = context
  }

  /** The term that was won; undefined when it was not. */
  async run(term: number): Promise<number | undefined> {
    const { self, voters, transfer, logger, stillOn, voteForSelf } = this.#context
    const needed = quorumOf(voters)
    logger.raft('INFO', `entering candidate state: node="Node at ${self.address} [Candidate]" term=${term}`)
    if (!transfer) {
      const { tally, refused } = await this.#gather(term, true)
      const counted = `term=${term} tally=${tally} refused=${refused} votesNeeded=${needed}`
      if (!stillOn(term - 1)) return undefined
      if (tally < needed) {
        logger.raft('INFO', `pre-vote campaign failed, waiting for election timeout: ${counted}`)
        return undefined
      }
      logger.raft('INFO', `pre-vote successful, starting election: ${counted}`)
    }
    voteForSelf(term)
    const { tally } = await this.#gather(term, false)
    if (tally < needed || !stillOn(term)) return undefined
    logger.raft('INFO', `election won: term=${term} tally=${tally}`)
    return term
  }

  /** Asks all others at once; resolves as soon as the result is certain. */
  #gather(term: number, pre: boolean): Promise<Count> {
    const { self, voters } = this.#context
    const needed = quorumOf(voters)
    const others = voters.filter(({ id }) => id !== self.id)
    let tally = 1
    let refused = 0
    return new Promise((resolve) => {
      const count = (granted: boolean) => {
        if (granted) tally += 1
        else refused += 1
        if (tally >= needed || refused > voters.length - needed) resolve({ tally, refused })
      }
      if (tally >= needed) resolve({ tally, refused })
      for (const voter of others) this.#askOne(voter, term, pre).then(count, () => count(false))
    })
  }

  async #askOne(voter: Voter, term: number, pre: boolean): Promise<boolean> {
    const { self, lastIndex, lastTerm, transfer, timeoutMs, logger, ask, sawTerm } = this.#context
    const request: VoteRequest = {
      type: 'vote',
      pre,
      term,
      candidate: self.id,
      address: self.address,
      lastIndex,
      lastTerm,
      transfer,
    }
    try {
      const reply = (await ask(voter.address, request, timeoutMs)) as unknown as VoteReply
      sawTerm(reply.term)
      return reply.granted
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown)
      logger.raft(
        'ERROR',
        `failed to make requestVote RPC: target="${shown(voter)}" error="${error}" term=${term}`,
      )
      return false
    }
  }
}
