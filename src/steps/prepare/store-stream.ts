import type { Command } from '../../base/command.ts'
import type { NotStarted } from '../../remote/relay.ts'
import type { Outcome } from '../../remote/remote.ts'
import { mend, must, onEach, stuck } from '../ask.ts'
import { fromInlet, sendOn, sentReader } from '../host/direct-stream.ts'
import { type Difference, type Manifest, readManifest } from '../host/manifest.ts'
import type { Way } from '../host/run-key.ts'
import { serviceUser } from '../host/service-user.ts'
import { dropFromStore, packStore, standInCommand, storeIsLocked, unpackStore } from '../host/store.ts'
import type { Host, StepContext } from '../step.ts'
import { ended, type ListOptions, listingOf, passTimeoutMs, treeOn } from './store-list.ts'

/** A peer, and how its store differs from the source's. */
export interface Changed {
  readonly peer: Host
  readonly change: Difference
}

/** Peers that want the same files. */
export interface Group {
  readonly paths: readonly string[]
  readonly to: readonly Changed[]
  /** What reading these files once moves, bytes; holes do not count. */
  readonly bytes: number
}

/** Files that are read once, and who gets them: over the workstation, or straight where there are ways. */
export interface Stream extends Group {
  readonly ways: readonly Way[] | null
}

/** A group is read twice where some of its peers can be reached straight and others can not. */
export function streamsOf(group: Group, ways: ReadonlyMap<Host, Way>): Stream[] {
  const straight = group.to.filter(({ peer }) => ways.has(peer))
  const relayed = group.to.filter(({ peer }) => !ways.has(peer))
  const found = straight.flatMap(({ peer }) => ways.get(peer) ?? [])
  return [
    ...(straight.length === 0 ? [] : [{ ...group, to: straight, ways: found }]),
    ...(relayed.length === 0 ? [] : [{ ...group, to: relayed, ways: null }]),
  ]
}

/** How many times the bytes of a stream leave the source's host. */
export const timesLeaving = ({ ways, to }: Stream) => (ways === null ? 1 : to.length)

export interface CopyOptions extends ListOptions {
  /** How many times bytes leave the source's host at once, over all streams: they share the limit. */
  readonly leaving: number
  readonly onBytes: (bytes: number) => void
}

/** What a stream moved, and the peers whose way broke: they have to be copied to once more. */
export interface Moved {
  readonly bytes: number
  /** Stores at the end of what was written to them, by node name. */
  readonly written: Readonly<Record<string, Manifest>>
  readonly lost: readonly { readonly peer: Host; readonly why: string }[]
}

/** Takes away what each peer has too many. */
export async function dropTooMany(
  context: StepContext,
  options: Pick<ListOptions, 'tree'>,
  of: readonly Changed[],
): Promise<void> {
  const change = new Map(of.map((one) => [one.peer, one.change]))
  await onEach([...change.keys()], (peer) =>
    must(context, peer, dropFromStore(treeOn(options, peer), change.get(peer)?.toRemove ?? [])),
  )
}

export async function copyTo(context: StepContext, options: CopyOptions, stream: Stream): Promise<Moved> {
  const { paths, to, ways } = stream
  await dropTooMany(
    context,
    options,
    to.filter(({ change }) => !standInCommand(change.toRemove)),
  )
  const timeoutMs = passTimeoutMs(context, options)
  const pack = packStore(treeOn(options, context.source), paths, options.source !== 'hot', timeoutMs)
  const unpacks = to.map(({ peer, change }) =>
    unpackStore(treeOn(options, peer), {
      owner: options.tree?.owner(peer) ?? serviceUser(context, peer.spec),
      remove: standInCommand(change.toRemove) ? change.toRemove : [],
      listing: listingOf(context, peer, options),
      timeoutMs,
    }),
  )
  return ways === null
    ? relayed(context, options, stream, pack, unpacks)
    : straight(context, options, { ...stream, ways }, pack, unpacks)
}

/** The chain runs meanwhile and comes first; in the window it stands still and waits. */
function bytesPerSecondMax(context: StepContext, { source, leaving }: CopyOptions): number | undefined {
  const { bandwidthKiBps } = context.runbook.copy
  return source === 'still' || bandwidthKiBps === undefined ? undefined : (bandwidthKiBps * 1024) / leaving
}

async function relayed(
  context: StepContext,
  options: CopyOptions,
  stream: Stream,
  pack: Command,
  unpacks: readonly Command[],
): Promise<Moved> {
  const { to } = stream
  const limit = bytesPerSecondMax(context, options)
  const done = await context.hands.relay(
    { remote: context.source.remote, command: pack },
    unpacks.map((command, k) => ({ remote: peerAt(stream, k).remote, command })),
    context.signal,
    { onBytes: options.onBytes, ...(limit === undefined ? {} : { bytesPerSecondMax: limit }) },
  )
  refuseUnread(context, options, stream, done.from)
  done.to.forEach((outcome, k) => {
    refuseUnwritten(peerAt(stream, k), options, outcome)
  })
  return { bytes: done.bytes * to.length, written: writtenIn(context, stream, done.to), lost: [] }
}

/**
 * The same without the workstation. Where it breaks off, whatever broke, the peer is named as lost: the same copy over the
 * workstation tells what is wrong with the peer itself, if anything is.
 */
async function straight(
  context: StepContext,
  options: CopyOptions,
  stream: Stream & { readonly ways: readonly Way[] },
  pack: Command,
  unpacks: readonly Command[],
): Promise<Moved> {
  const { spec, remote } = context.source
  const { ways, to } = stream
  const sent = sentReader(options.onBytes)
  const nameAt = (k: number) => peerAt(stream, k).spec.name
  const done = await context.hands.hostToHost(
    {
      remote,
      command: sendOn(spec, pack, { ways, bytesPerSecondMax: bytesPerSecondMax(context, options) ?? 0 }),
    },
    unpacks.map((command, k) => {
      const peer = peerAt(stream, k)
      return { remote: peer.remote, command: fromInlet(peer.spec, command) }
    }),
    context.signal,
    { onSaid: sent.add, arrived: (k) => sent.arrivals.get(nameAt(k))?.exitCode === 0 },
  )
  if (context.onPaper) return { bytes: 0, written: {}, lost: [] }
  const lost = to.flatMap(({ peer }, k) => {
    const arrival = sent.arrivals.get(nameAt(k))
    const outcome = done.to[k]
    const written = outcome?.kind === 'finished' && outcome.exitCode === 0
    if (arrival?.exitCode === 0 && written) return []
    const said = outcome === undefined ? '' : ended(outcome)
    return [{ peer, why: arrival === undefined || arrival.exitCode === 0 ? said : arrival.why || said }]
  })
  // Nobody left to read for ends the reading; that is no fault of the source.
  if (lost.length < to.length || done.from.kind === 'unknown')
    refuseUnread(context, options, stream, done.from)
  const bytes = stream.bytes * (to.length - lost.length)
  return { bytes, written: writtenIn(context, stream, done.to), lost }
}

/** What the commands that write have listed at their end. */
function writtenIn(
  context: StepContext,
  stream: Stream,
  outcomes: readonly (Outcome | NotStarted)[],
): Record<string, Manifest> {
  const listed = outcomes.flatMap((outcome, k) =>
    outcome.kind === 'finished' && outcome.exitCode === 0 && !outcome.truncated && !context.onPaper
      ? [[peerAt(stream, k).spec.name, readManifest(outcome.stdout)] as const]
      : [],
  )
  return Object.fromEntries(listed)
}

function peerAt({ to }: Stream, k: number): Host {
  const one = to[k]
  if (one === undefined) throw new Error(`a stream has no peer ${k}`)
  return one.peer
}

function refuseUnread(context: StepContext, options: CopyOptions, { to }: Stream, from: Outcome): void {
  if (from.kind === 'finished' && from.exitCode === 0) return
  const names = to.map(({ peer }) => peer.spec.name).join(', ')
  const { what } = treeOn(options, context.source)
  throw stuck(`${context.source.spec.name}: reading ${what} for ${names} ended with ${ended(from)}`)
}

function refuseUnwritten(peer: Host, options: CopyOptions, outcome: Outcome | NotStarted): void {
  if (outcome.kind === 'finished' && outcome.exitCode === 0) return
  const { what, lock } = treeOn(options, peer)
  const locked = outcome.kind === 'finished' && outcome.exitCode === storeIsLocked
  throw stuck(
    `${peer.spec.name}: ${locked ? `somebody holds the lock of ${lock}` : `writing ${what} ended with ${ended(outcome)}`}`,
    `${mend(ended(outcome), peer)}, then \`evha resume\``,
  )
}
