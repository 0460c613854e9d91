import { onEach } from '../ask.ts'
import { tooFarBehind } from '../chain/client-behind.ts'
import { askClient, type ClientSaid, standOf } from '../chain/client-stand.ts'
import { clientOf, executionOn } from '../chain/execution.ts'
import type { ClientStands } from '../facts.ts'
import { fact, type StepContext } from '../step.ts'

/** The chain stands still meanwhile: a client that takes longer is one that does not answer. */
const timeoutMs = 1_500
/** So many blocks below N are asked of the source's client at once with N: the peers' clients stand at most a few off. */
const nearBlocks = 8

/**
 * Every execution client against block N of the source's: the same block, or an end below N on the same chain, from where
 * its node replays. One round trip, all clients at once; a second one only where a client is further behind than a few
 * blocks. Reads only. null, and nothing is asked, on a chain without such clients.
 */
export async function proveClients(context: StepContext): Promise<ClientStands | null> {
  const { source } = context
  if (context.onPaper || clientOf(context, source) === null) return null
  const { height } = fact(context, 'stopSource')
  const near = Array.from({ length: Math.min(nearBlocks, height) }, (_, i) => height - 1 - i)
  const [said, hashes] = await Promise.all([
    onEach(context.nodes, (host) => askClient(context, host, height, timeoutMs)),
    hashesOfSource(context, near),
  ])
  const far = endsOf(said).filter((end) => end < height && !hashes.has(end))
  for (const [number, hash] of await hashesOfSource(context, far)) hashes.set(number, hash)
  return standsAt({
    source: source.spec.name,
    needed: peersNeeded(context),
    height,
    said,
    below: hashes,
    beyond: (end) => tooFarBehind(context, height - end),
  })
}

/** The quorum is started from peers alone, so that many must be equal: q, or all of them in a three-node cluster. */
export const peersNeeded = (context: Pick<StepContext, 'quorum' | 'peers'>) =>
  Math.min(context.quorum, context.peers.length)

async function hashesOfSource(
  context: StepContext,
  numbers: readonly number[],
): Promise<Map<number, string>> {
  const { source } = context
  const client = clientOf(context, source)
  const rpc = client === null ? null : executionOn(context, source, client, timeoutMs)
  const blocks = await Promise.all(
    rpc === null ? [] : [...new Set(numbers)].map((number) => rpc.block(number)),
  )
  return new Map(blocks.flatMap((one) => (one.kind === 'ok' ? [[one.value.number, one.value.hash]] : [])))
}

const endsOf = (said: Readonly<Record<string, ClientSaid>>) =>
  Object.values(said).flatMap(({ latest }) => (latest.kind === 'ok' ? [latest.value.number] : []))

export interface ProofInput {
  /** Name of the node whose client is the measure. */
  readonly source: string
  /** So many peers must be equal. */
  readonly needed: number
  /** N. */
  readonly height: number
  readonly said: Readonly<Record<string, ClientSaid>>
  /** Hashes of the source's client below N. */
  readonly below: ReadonlyMap<number, string>
  /** What is wrong with a client that ends at this height below N; '' where its node makes up for it in a moment. */
  readonly beyond: (height: number) => string
}

/**
 * The measure is the source's block N. Where its client says nothing, it is what all the others that have block N agree on,
 * if they are enough for the quorum: the chain goes on without that client.
 */
export function standsAt({ source, needed, height, said, below, beyond }: ProofInput): ClientStands {
  const hashOf = (name: string) => {
    const asked = said[name]?.asked
    return asked?.kind === 'ok' ? asked.value.hash : undefined
  }
  const others = Object.keys(said).filter((name) => name !== source)
  const theirs = others.flatMap((name) => hashOf(name) ?? [])
  const isAgreed = theirs.length >= needed && new Set(theirs).size === 1
  const own = hashOf(source)
  const last = own ?? (isAgreed ? theirs[0] : undefined)
  const hashes = new Map(below)
  if (last !== undefined) hashes.set(height, last)
  const of =
    own !== undefined || !isAgreed ? source : (others.find((name) => hashOf(name) !== undefined) ?? source)
  return Object.fromEntries(
    Object.entries(said).map(([name, one]) => [name, standOf(one, height, { of, hashes }, beyond)]),
  )
}
