import { must, onEach } from '../ask.ts'
import { difference, type Manifest } from '../host/manifest.ts'
import { syncStore } from '../host/store.ts'
import type { StepContext } from '../step.ts'
import type { DirectWays } from './direct-ways.ts'
import { PassProgress } from './pass-progress.ts'
import { type ListOptions, manifestsOf, treeOn } from './store-list.ts'
import { type Changed, copyTo, dropTooMany, type Group, streamsOf, timesLeaving } from './store-stream.ts'

/** What one pass over the peers moved. */
export interface Pass {
  readonly bytes: number
  readonly files: number
  readonly manifestMs: number
  readonly ms: number
  /** Stores as the pass listed them: the source's, and at its end those it wrote to. */
  readonly manifests: Readonly<Record<string, Manifest>>
}

/** How a pass treats its source. */
export interface PassOptions extends Omit<ListOptions, 'dug' | 'looksOnly' | 'unread'> {
  /** Ways from the source straight to peers; without them everything is relayed. */
  readonly ways?: DirectWays
  /** Stores, by node name, that were listed already and that nothing wrote to since. */
  readonly listed?: Readonly<Record<string, Manifest>>
  /** Brings what was written to the disk before the pass ends; else the caller does. */
  readonly sync?: boolean
}

/**
 * One pass of copying: manifests of source and peers, then only what differs, holes left out, to all peers that want the
 * same files at once, straight from the source or relayed. The destination's store lock is held while files are written.
 * A pass that was interrupted goes on with the files it had not written yet: they still differ. So does one whose ways
 * broke: what is left is relayed.
 */
export async function copyPass(context: StepContext, options: PassOptions): Promise<Pass> {
  const startedMs = context.now()
  const { listed = {} } = options
  const toList = context.nodes.filter(({ spec }) => listed[spec.name] === undefined)
  const manifests = { ...listed, ...(await manifestsOf(context, toList, options)) }
  const manifestMs = context.now() - startedMs
  const here = manifests[context.source.spec.name] ?? new Map()
  const { groups, alone } = wanted(context, here, manifests)
  await dropTooMany(context, options, alone)
  const inAll = groups.reduce((sum, { bytes, to }) => sum + bytes * to.length, 0)
  const ways = (await options.ways?.open(inAll)) ?? new Map()
  const streams = groups.flatMap((group) => streamsOf(group, ways))
  const progress = new PassProgress(
    context,
    options.source === 'still'
      ? 'last copy'
      : options.tree === undefined
        ? 'copying'
        : `copying ${treeOn(options, context.source).what}`,
    streams.map(({ bytes }) => bytes),
  )
  const leaving = streams.reduce((sum, stream) => sum + timesLeaving(stream), 0)
  const moved = await Promise.all(
    streams.map((stream, k) =>
      copyTo(context, { ...options, leaving, onBytes: (bytes) => progress.moved(k, bytes) }, stream),
    ),
  )
  const lost = moved.flatMap((one) => one.lost)
  for (const { peer, why } of lost) options.ways?.lose(peer, why)
  // Each time a peer leaves the direct ones, so this ends.
  const rest = lost.length === 0 ? null : await copyPass(context, { ...options, listed: {}, sync: false })
  if (options.sync !== false)
    await onEach(context.peers, (peer) => must(context, peer, syncStore(treeOn(options, peer))))
  return {
    bytes: moved.reduce((sum, { bytes }) => sum + bytes, rest?.bytes ?? 0),
    files: groups.reduce((sum, { paths, to }) => sum + paths.length * to.length, 0),
    manifestMs,
    ms: context.now() - startedMs,
    manifests: {
      [context.source.spec.name]: here,
      ...Object.assign({}, ...moved.map(({ written }) => written)),
      ...rest?.manifests,
    },
  }
}

/** Who wants which files, and who has only some too many. */
function wanted(context: StepContext, here: Manifest, manifests: Readonly<Record<string, Manifest>>) {
  const groups = new Map<string, Omit<Group, 'to'> & { readonly to: Changed[] }>()
  const alone: Changed[] = []
  for (const peer of context.peers) {
    const change = difference(here, manifests[peer.spec.name] ?? new Map())
    if (change.toCopy.length === 0) {
      if (change.toRemove.length > 0) alone.push({ peer, change })
      continue
    }
    const key = change.toCopy.join('\0')
    const group = groups.get(key) ?? { paths: change.toCopy, to: [], bytes: bytesOf(change.toCopy, here) }
    group.to.push({ peer, change })
    groups.set(key, group)
  }
  return { groups: [...groups.values()], alone }
}

const bytesOf = (paths: readonly string[], here: Manifest) =>
  paths.reduce((sum, path) => sum + (here.get(path)?.dataBytes ?? 0), 0)
