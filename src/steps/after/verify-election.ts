import { linked } from '../../evnode/block.ts'
import { contradiction, stuck, until } from '../ask.ts'
import { blocksBetween, type ReadBlock } from '../chain/blocks.ts'
import { eventsSinceStart, replayedIn } from '../chain/client-log.ts'
import { wrongIn } from '../chain/client-stand.ts'
import { clientOf } from '../chain/execution.ts'
import type { Facts, Verified } from '../facts.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { notedBefore } from '../window/stop-source.ts'
import { clientsOfCluster } from './cluster-clients.ts'
import { Healer } from './heal.ts'
import { lookAtMembers, type Seen } from './members.ts'

/** All in: two cures of a silent member, a transient exit, and the leader's P2P wait fit in (evnode.md A3, B 8). */
const settleTimeoutMs = 150_000

export const verifyElection: Step<'verifyElection'> = {
  name: 'verifyElection',
  plan: ({ nodes, source, facts }) => [
    `on each of ${nodes.length} nodes: process up, RPC open, one leader, heights advance`,
    'a member that stays away is started anew, at most twice, beside a leader and a quorum of others',
    `the last block of ${source.spec.name} has the same hash everywhere and the first block of the cluster links to it`,
    ...(facts.check?.execution === undefined
      ? []
      : [
          "ask every member's execution client for the first block of the cluster: it must be that of the leader's",
        ]),
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const healer = new Healer(context)
    const isIn = await until(
      context,
      { timeoutMs: settleTimeoutMs, everyMs: 250, onPaper: true },
      async () => {
        const seen = await lookAtMembers(context)
        if (typeof (await clusterIn(context, seen)) === 'object') return true
        await healer.round(seen)
        return null
      },
    )
    return { notVoting: isIn === null ? healer.givenUp() : {} }
  },
  verify: async (context, measured) => {
    let why = ''
    const seen = await until(context, { timeoutMs: 1_000, everyMs: 250 }, async () => {
      const look = await lookAtCluster(context)
      if (typeof look === 'object') return look
      why = look
      return null
    })
    if (seen !== null) return done(await withReplay(context, telling(context, seen)))
    // The cluster goes on without those that could not be brought in: they are named, at the gate and in the report.
    const without = await lookAtCluster(context, measured?.notVoting ?? {})
    return typeof without === 'object'
      ? done(await withReplay(context, telling(context, without)))
      : notYet(why)
  },
  undo: () => Promise.resolve(),
}

/** A client that differs stops nobody: the cluster signs no height twice for it. But whoever asks that client is told wrong. */
function telling(context: StepContext, seen: Verified): Verified {
  for (const [name, why] of wrongIn(seen.clients ?? {})) context.tell(`${name}: ${why}`)
  return seen
}

/** With what the leader's client had to make up for: the chain waited for that, and the next window's prediction is held to it. */
async function withReplay(context: StepContext, seen: Verified): Promise<Facts['verifyElection']> {
  const leader = context.nodes.find(({ spec }) => spec.name === seen.leader)
  if (context.onPaper || leader === undefined || clientOf(context, leader) === null) return seen
  const replayed = replayedIn(await eventsSinceStart(context, leader))
  return replayed === null ? seen : { ...seen, replayed }
}

/** The cluster as it stands, as `clusterIn` tells it, from a look of its own. */
export async function lookAtCluster(
  context: StepContext,
  given: Readonly<Record<string, string>> = {},
): Promise<Verified | string> {
  return clusterIn(context, await lookAtMembers(context), given)
}

/**
 * The cluster of these members, or the sentence that says what is still missing. Contradictions throw. `given`: members
 * that are not counted, and why.
 */
async function clusterIn(
  context: StepContext,
  seen: readonly Seen[],
  given: Readonly<Record<string, string>> = {},
): Promise<Verified | string> {
  const { height: last } = fact(context, 'stopSource')
  const { different } = fact(context, 'proveEqual')
  const counted = seen.filter(({ host }) => given[host.spec.name] === undefined)
  if (counted.length < context.quorum)
    return `${counted.length} members are in, a quorum has ${context.quorum}`
  const absent = counted.map(whyAbsent).find((why) => why !== null)
  if (typeof absent === 'string') return absent
  const leaders = counted.filter(({ isLeader }) => isLeader)
  if (leaders.length !== 1) return `${leaders.length} nodes say that they lead`
  const head = Math.min(...counted.map(({ height }) => height ?? 0))
  if (head <= last + 1) return `not every node has block ${last + 2} yet; the lowest head is ${head}`
  const members = counted.map(({ host }) => host)
  const chain = await continuity(context, members, last, head)
  if (typeof chain === 'string') return chain
  const leader = leaders[0]?.host.spec.name ?? ''
  const clients = await clientsOfCluster(
    context,
    counted.map(({ host, height }) => ({ host, head: height })),
    leader,
    last + 1,
  )
  return {
    leader,
    voting: members.map((host) => host.spec.name),
    notVoting: { ...different, ...given },
    hashContinuity: true,
    firstClusterHeight: last + 1,
    lastBlockTimeMs: chain.lastBlockTimeMs,
    firstBlockTimeMs: chain.firstBlockTimeMs,
    head,
    ...(clients === null ? {} : { clients }),
  }
}

/** Why a member is not in yet; null when it is. */
function whyAbsent({ host, unit, notOpen }: Seen): string | null {
  const { name, unit: unitName } = host.spec
  if (unit === null) return `${name}: its host does not answer`
  if (unit.active !== 'active') return `${name}: ${unitName} is ${unit.active}`
  return notOpen === null ? null : `${name}: its RPC is not open yet (${notOpen})`
}

/**
 * The blocks from the head noted before the stop up to two past N are the same on every member, each linked to the
 * one before. Heights alone prove nothing: a follower can splice a forked block onto its own (evnode.md B 0.3).
 */
async function continuity(
  context: StepContext,
  members: readonly Host[],
  last: number,
  head: number,
): Promise<{ lastBlockTimeMs: number; firstBlockTimeMs: number } | string> {
  const noted = notedBefore(context)
  const from = Math.min(noted.height, last)
  const to = Math.min(head, last + 2)
  const chains = await Promise.all(members.map((host) => blocksBetween(context, host, from, to)))
  const missing = members.find((_, i) => chains[i] === null)
  if (missing !== undefined)
    return `${missing.spec.name}: its RPC does not give the blocks ${from} to ${to} yet`
  for (const [i, chain] of chains.entries())
    checkChain(members[i]?.spec.name ?? '', chain ?? [], chains[0] ?? [], noted)
  const at = (height: number) => chains[0]?.find((block) => block.header.height === height)
  const before = at(last)
  const after = at(last + 1)
  if (before === undefined || after === undefined) throw stuck(`block ${last} or ${last + 1} was not read`)
  return { lastBlockTimeMs: before.timeMs, firstBlockTimeMs: after.timeMs }
}

function checkChain(
  name: string,
  chain: readonly ReadBlock[],
  reference: readonly ReadBlock[],
  noted: { readonly height: number; readonly hash: string },
): void {
  for (const [i, block] of chain.entries()) {
    const { height } = block.header
    if (block.hash !== reference[i]?.hash)
      throw contradiction(`${name}: block ${height} has another hash there than on the other nodes`)
    if (height === noted.height && block.hash !== noted.hash)
      throw contradiction(
        `${name}: block ${height} is not the one the single sequencer served before the stop`,
      )
    const before = chain[i - 1]
    if (before !== undefined && !linked(before.hash, block.header))
      throw contradiction(`${name}: block ${height} does not link to block ${height - 1}`)
  }
}
