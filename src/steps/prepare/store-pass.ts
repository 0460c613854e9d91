import type { NotStarted } from '../../remote/relay.ts'
import type { Outcome } from '../../remote/remote.ts'
import { mend, must, onEach, stuck, whyIn } from '../ask.ts'
import { serviceUser } from '../host/service-user.ts'
import {
  type Difference,
  difference,
  dropFromStore,
  lockDir,
  type Manifest,
  manifestOf,
  packStore,
  readManifest,
  storeIsLocked,
  syncStore,
  unpackStore,
} from '../host/store.ts'
import type { Host, StepContext } from '../step.ts'

/** What one pass over the peers moved. */
export interface Pass {
  readonly bytes: number
  readonly files: number
  readonly manifestMs: number
  readonly ms: number
}

/** How a pass treats the source: `hot` while the chain runs (files may change under it), `still` after the stop. */
export type Source = 'hot' | 'still'

/** A hot pass of a large store may take long; the window's pass is bounded by the budget anyway. */
const passTimeoutMs = { hot: 6 * 3600_000, still: 600_000 } as const

/**
 * One pass of copying: manifests of source and peers, then only what differs, holes left out, relayed through the
 * workstation to all peers that want the same files. The destination's store lock is held while files are written.
 */
export async function copyPass(context: StepContext, source: Source): Promise<Pass> {
  const startedMs = context.now()
  const manifests = await manifestsOf(context, context.nodes, { dug: false })
  const manifestMs = context.now() - startedMs
  const here = manifests[context.source.spec.name] ?? new Map()
  const wants = new Map<string, { hosts: Host[]; paths: readonly string[] }>()
  let files = 0
  const changeOf = (peer: Host) => difference(here, manifests[peer.spec.name] ?? new Map())
  await onEach(context.peers, (peer) => drop(context, peer, changeOf(peer)))
  for (const peer of context.peers) {
    const change = changeOf(peer)
    files += change.toCopy.length
    if (change.toCopy.length === 0) continue
    const key = change.toCopy.join('\0')
    const group = wants.get(key) ?? { hosts: [], paths: change.toCopy }
    group.hosts.push(peer)
    wants.set(key, group)
  }
  const moved = await Promise.all(
    [...wants.values()].map((group) => copyTo(context, source, group.hosts, group.paths)),
  )
  await onEach(context.peers, (peer) => must(context, peer, syncStore(peer.spec)))
  return {
    bytes: moved.reduce((sum, bytes) => sum + bytes, 0),
    files,
    manifestMs,
    ms: context.now() - startedMs,
  }
}

export async function manifestsOf(
  context: StepContext,
  hosts: readonly Host[],
  options: { readonly dug: boolean },
): Promise<Record<string, Manifest>> {
  return onEach(hosts, async (host) =>
    readManifest(await must(context, host, manifestOf(host.spec, options))),
  )
}

async function drop(context: StepContext, peer: Host, change: Difference): Promise<void> {
  if (change.toRemove.length > 0) await must(context, peer, dropFromStore(peer.spec, change.toRemove))
}

async function copyTo(
  context: StepContext,
  source: Source,
  peers: readonly Host[],
  paths: readonly string[],
): Promise<number> {
  const timeoutMs = passTimeoutMs[source]
  const names = peers.map((peer) => peer.spec.name).join(', ')
  const relayed = await context.hands.relay(
    {
      remote: context.source.remote,
      command: packStore(context.source.spec, paths, source === 'still', timeoutMs),
    },
    peers.map((peer) => ({
      remote: peer.remote,
      command: unpackStore(peer.spec, serviceUser(context, peer.spec), timeoutMs),
    })),
    context.signal,
  )
  if (relayed.from.kind !== 'finished' || relayed.from.exitCode !== 0)
    throw stuck(
      `${context.source.spec.name}: reading the store for ${names} ended with ${ended(relayed.from)}`,
    )
  relayed.to.forEach((outcome, i) => {
    const peer = peers[i]
    if (peer === undefined || (outcome.kind === 'finished' && outcome.exitCode === 0)) return
    const locked = outcome.kind === 'finished' && outcome.exitCode === storeIsLocked
    throw stuck(
      `${peer.spec.name}: ${locked ? `somebody holds the lock of ${lockDir(peer.spec)}` : `writing the store ended with ${ended(outcome)}`}`,
      `${mend(ended(outcome), peer)}, then \`evha resume\``,
    )
  })
  return relayed.bytes * peers.length
}

function ended(outcome: Outcome | NotStarted): string {
  if (outcome.kind === 'notStarted') return outcome.failure.message
  if (outcome.kind === 'unknown') return outcome.message
  const said = whyIn(outcome.stderr)
  return `exit ${outcome.exitCode ?? outcome.signal}${said === '' ? '' : `: ${said}`}`
}
