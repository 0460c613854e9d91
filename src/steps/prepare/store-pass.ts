import type { NotStarted } from '../../remote/relay.ts'
import type { Outcome } from '../../remote/remote.ts'
import { ask, mend, must, onEach, stuck, whyIn } from '../ask.ts'
import {
  type Difference,
  difference,
  type Listing,
  type Manifest,
  manifestOf,
  readManifest,
} from '../host/manifest.ts'
import { serviceUser } from '../host/service-user.ts'
import {
  dropFromStore,
  lockDir,
  packStore,
  standInCommand,
  storeIsLocked,
  syncStore,
  unpackStore,
} from '../host/store.ts'
import { fact, type Host, type StepContext } from '../step.ts'
import { PassProgress } from './pass-progress.ts'

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
export interface PassOptions {
  /** `hot` while the chain runs and files may change under the copy, `still` after the stop. */
  readonly source: 'hot' | 'still'
  /** Invocation id of the source's unit, to which the marks of verified files belong; without one nothing is taken on trust. */
  readonly invocation?: string
  /** The peers' stores, where they were listed already and nothing wrote to them since. */
  readonly peersListed?: Readonly<Record<string, Manifest>> | null
  /** Only looks: notes nothing on the hosts. */
  readonly looksOnly?: boolean
  /** Brings what was written to the disk before the pass ends; else the caller does. */
  readonly sync?: boolean
}

/** Slower than this a pass is not copying any more but hanging, unless the runbook wants it slower. */
const kibPerSecondMin = 1024
/** What a pass may take beside that. */
const passSlackMs = 600_000

/** How long a pass may take: a hot one by the store's size; the window's is bounded by the budget anyway. */
function passTimeoutMs(context: StepContext, source: PassOptions['source']): number {
  if (source === 'still') return passSlackMs
  const kibPerSecond = Math.min(kibPerSecondMin, context.runbook.copy.bandwidthKiBps ?? kibPerSecondMin)
  return passSlackMs + Math.ceil((fact(context, 'check').dataBytes / 1024 / kibPerSecond) * 1_000)
}

/**
 * One pass of copying: manifests of source and peers, then only what differs, holes left out, relayed through the
 * workstation to all peers that want the same files. The destination's store lock is held while files are written.
 * A pass that was interrupted goes on with the files it had not written yet: they still differ.
 */
export async function copyPass(context: StepContext, options: PassOptions): Promise<Pass> {
  const startedMs = context.now()
  const { peersListed } = options
  const toList = peersListed === undefined || peersListed === null ? context.nodes : [context.source]
  const manifests = { ...peersListed, ...(await manifestsOf(context, toList, options)) }
  const manifestMs = context.now() - startedMs
  const here = manifests[context.source.spec.name] ?? new Map()
  const groups = new Map<string, Group>()
  const alone: { peer: Host; change: Difference }[] = []
  for (const peer of context.peers) {
    const change = difference(here, manifests[peer.spec.name] ?? new Map())
    if (change.toCopy.length === 0) {
      if (change.toRemove.length > 0) alone.push({ peer, change })
      continue
    }
    const key = change.toCopy.join('\0')
    const group = groups.get(key) ?? { paths: change.toCopy, to: [] }
    group.to.push({ peer, change })
    groups.set(key, group)
  }
  await onEach(
    alone.map(({ peer }) => peer),
    (peer) => drop(context, peer, alone),
  )
  const progress = new PassProgress(
    context,
    options.source,
    [...groups.values()].map((group) => bytesOf(group, here)),
  )
  const moved = await Promise.all(
    [...groups.values()].map((group, k) =>
      copyTo(context, options, group, { streams: groups.size, onBytes: (bytes) => progress.moved(k, bytes) }),
    ),
  )
  if (options.sync !== false) await onEach(context.peers, (peer) => must(context, peer, syncStore(peer.spec)))
  return {
    bytes: moved.reduce((sum, { bytes }) => sum + bytes, 0),
    files: [...groups.values()].reduce((sum, { paths, to }) => sum + paths.length * to.length, 0),
    manifestMs,
    ms: context.now() - startedMs,
    manifests: Object.assign({ [context.source.spec.name]: here }, ...moved.map(({ written }) => written)),
  }
}

/** Peers that want the same files. */
interface Group {
  readonly paths: readonly string[]
  readonly to: { readonly peer: Host; readonly change: Difference }[]
}

/** What reading the files of a group once moves, bytes; holes do not count. */
const bytesOf = ({ paths }: Group, here: Manifest) =>
  paths.reduce((sum, path) => sum + (here.get(path)?.dataBytes ?? 0), 0)

/** Manifests of the hosts by node name; what is marked as verified is not read again. */
export async function manifestsOf(
  context: StepContext,
  hosts: readonly Host[],
  options: PassOptions & { readonly dug?: boolean },
): Promise<Record<string, Manifest>> {
  return onEach(hosts, async (host) => {
    const listing = listingOf(context, host, options)
    if (!context.onPaper || listing.marks === undefined) return manifestAt(context, host, listing)
    // To note marks is a change, so it is only printed; the plan of the copy needs the list all the same.
    const { marks: _, ...readOnly } = listing
    await must(context, host, manifestOf(host.spec, listing))
    return manifestAt(context, host, readOnly)
  })
}

async function manifestAt(context: StepContext, host: Host, listing: Listing): Promise<Manifest> {
  const listed = await ask(context, host, manifestOf(host.spec, listing))
  if (listed.exitCode === 0 && !listed.truncated) return readManifest(listed.stdout)
  throw stuck(
    `${host.spec.name}: listing the store ended with ${listed.truncated ? 'more files than evha can list' : ended(listed)}`,
  )
}

function listingOf(
  context: StepContext,
  host: Host,
  { source, invocation, dug, looksOnly }: PassOptions & { readonly dug?: boolean },
): Listing {
  const running = source === 'hot' && host === context.source
  const listing = {
    running,
    timeoutMs: passTimeoutMs(context, source),
    ...(dug === undefined ? {} : { dug }),
  }
  if (invocation === undefined || invocation === '') return listing
  const file = `${host.spec.paths.evha}/runs/${context.run}/marks`
  const mark = looksOnly === true ? 'nothing' : running ? 'restedTables' : 'everything'
  return { ...listing, marks: { file, invocation, mark } }
}

async function drop(
  context: StepContext,
  peer: Host,
  changes: readonly { readonly peer: Host; readonly change: Difference }[],
): Promise<void> {
  const toRemove = changes.find((one) => one.peer === peer)?.change.toRemove ?? []
  if (toRemove.length > 0) await must(context, peer, dropFromStore(peer.spec, toRemove))
}

async function copyTo(
  context: StepContext,
  options: PassOptions,
  { paths, to }: Group,
  { streams, onBytes }: { readonly streams: number; readonly onBytes: (bytes: number) => void },
): Promise<{ bytes: number; written: Record<string, Manifest> }> {
  const { source } = options
  const timeoutMs = passTimeoutMs(context, source)
  const many = to.filter(({ change }) => !standInCommand(change.toRemove))
  await onEach(
    many.map(({ peer }) => peer),
    (peer) => drop(context, peer, many),
  )
  const names = to.map(({ peer }) => peer.spec.name).join(', ')
  const { bandwidthKiBps } = context.runbook.copy
  const relayed = await context.hands.relay(
    {
      remote: context.source.remote,
      command: packStore(context.source.spec, paths, source === 'still', timeoutMs),
    },
    to.map(({ peer, change }) => ({
      remote: peer.remote,
      command: unpackStore(peer.spec, {
        owner: serviceUser(context, peer.spec),
        remove: standInCommand(change.toRemove) ? change.toRemove : [],
        listing: listingOf(context, peer, options),
        timeoutMs,
      }),
    })),
    context.signal,
    {
      onBytes,
      // The chain runs meanwhile and comes first; in the window it stands still and waits.
      ...(source === 'still' || bandwidthKiBps === undefined
        ? {}
        : { bytesPerSecondMax: (bandwidthKiBps * 1024) / streams }),
    },
  )
  if (relayed.from.kind !== 'finished' || relayed.from.exitCode !== 0)
    throw stuck(
      `${context.source.spec.name}: reading the store for ${names} ended with ${ended(relayed.from)}`,
    )
  const written: Record<string, Manifest> = {}
  relayed.to.forEach((outcome, i) => {
    const peer = to[i]?.peer
    if (peer === undefined) return
    if (outcome.kind === 'finished' && outcome.exitCode === 0) {
      if (!outcome.truncated && !context.onPaper) written[peer.spec.name] = readManifest(outcome.stdout)
      return
    }
    const locked = outcome.kind === 'finished' && outcome.exitCode === storeIsLocked
    throw stuck(
      `${peer.spec.name}: ${locked ? `somebody holds the lock of ${lockDir(peer.spec)}` : `writing the store ended with ${ended(outcome)}`}`,
      `${mend(ended(outcome), peer)}, then \`evha resume\``,
    )
  })
  return { bytes: relayed.bytes * to.length, written }
}

function ended(outcome: Outcome | NotStarted): string {
  if (outcome.kind === 'notStarted') return outcome.failure.message
  if (outcome.kind === 'unknown') return outcome.message
  const said = whyIn(outcome.stderr)
  return `exit ${outcome.exitCode ?? outcome.signal}${said === '' ? '' : `: ${said}`}`
}
