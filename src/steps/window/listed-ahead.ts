import { type Manifest, type ManifestEntry, unread } from '../host/manifest.ts'
import { manifestsOf } from '../prepare/store-list.ts'
import { fact, type Host, type StepContext } from '../step.ts'

export type Stores = Readonly<Record<string, Manifest>>

/** What the stop listed for the pass that follows it. */
export interface ListedAhead {
  /** By node name; those that could not be listed are missing. */
  readonly stores: Stores
  /** The source with all its digests, where `stores` has it by its marks alone. Never rejects; empty where it has not. */
  readonly whole: Promise<Stores>
}

/** So much may be copied although a digest might have told that the peer has it. */
const perhapsEqualBytesMax = 1024 * 1024

/** What these hosts have, listed ahead of the pass, which lists what is missing here. Never rejects. */
export function listed(context: StepContext, hosts: readonly Host[], byMarks = false): Promise<Stores> {
  const { invocation } = fact(context, 'fence')
  const looksOnly = !hosts.includes(context.source)
  return manifestsOf(context, hosts, { source: 'still', invocation, looksOnly, unread: byMarks }).catch(
    () => ({}),
  )
}

/**
 * The source beside its peers, once its guard stands. Where what has no mark is little, its digests are not waited for: it
 * is copied, and the digests are compared with those of the copies afterwards, all of them. Never rejects.
 */
export async function listAhead(context: StepContext, ofPeers: Promise<Stores>): Promise<ListedAhead> {
  const { source } = context
  const [peers, byMarks] = await Promise.all([ofPeers, listed(context, [source], true)])
  const named = byMarks[source.spec.name]
  if (named !== undefined && perhapsEqualBytes(named, Object.values(peers)) <= perhapsEqualBytesMax)
    return { stores: { ...peers, ...byMarks }, whole: listed(context, [source]) }
  return { stores: { ...peers, ...(await listed(context, [source])) }, whole: Promise.resolve({}) }
}

/** Files without a mark that a peer has in the same size: they may have changed in place, or not at all. */
export function perhapsEqualBytes(named: Manifest, peers: readonly Manifest[]): number {
  const isPerhaps = ([path, { digest, size }]: [string, ManifestEntry]) =>
    digest === unread && peers.some((peer) => peer.get(path)?.size === size)
  return [...named].filter(isPerhaps).reduce((sum, [, { dataBytes }]) => sum + dataBytes, 0)
}
