import type { NotStarted } from '../../remote/relay.ts'
import type { Outcome } from '../../remote/remote.ts'
import { ask, must, onEach, stuck, whyIn } from '../ask.ts'
import { type Listing, type Manifest, manifestOf, readManifest } from '../host/manifest.ts'
import { storeTree, type Tree } from '../host/tree.ts'
import { fact, type Host, type StepContext } from '../step.ts'

/** What is copied, where it is not the store. */
export interface OtherTree {
  /** Where it lies on a host, the source or a peer. */
  on(host: Host): Tree
  /** Who owns the files on a peer; empty for root. */
  owner(peer: Host): string
  /** What there is to copy, bytes. */
  readonly bytes: number
}

/** How the stores are looked at. */
export interface ListOptions {
  /**
   * `hot` while the chain runs and files may change under the copy, `still` after the stop; `resting`: the chain runs, and nobody
   * writes what is copied.
   */
  readonly source: 'hot' | 'still' | 'resting'
  /** Absent: the store. */
  readonly tree?: OtherTree
  /** Invocation id of the source's unit, to which the marks of verified files belong; without one nothing is taken on trust. */
  readonly invocation?: string
  /** Every zero block is made a hole first. */
  readonly dug?: boolean
  /** Only looks: notes nothing on the hosts. */
  readonly looksOnly?: boolean
  /** Reads no content: what has no mark is only named. Without an invocation id nothing has one, and all is read. */
  readonly unread?: boolean
}

/** Slower than this a pass is not copying any more but hanging, unless the runbook wants it slower. */
const kibPerSecondMin = 1024
/** What a pass may take beside that. */
const passSlackMs = 600_000

export const treeOn = ({ tree }: Pick<ListOptions, 'tree'>, host: Host): Tree =>
  tree?.on(host) ?? storeTree(host.spec)

/** How long a pass may take: by what there is to copy while the chain runs; the window's is bounded by the budget anyway. */
export function passTimeoutMs(
  context: StepContext,
  { source, tree }: Pick<ListOptions, 'source' | 'tree'>,
): number {
  if (source === 'still') return passSlackMs
  const kibPerSecond = Math.min(kibPerSecondMin, context.runbook.copy.bandwidthKiBps ?? kibPerSecondMin)
  // A limit counts what leaves the source, which a copy from host to host does once for each peer.
  const times = context.runbook.copy.bandwidthKiBps === undefined ? 1 : context.peers.length
  const bytes = tree?.bytes ?? fact(context, 'check').dataBytes
  return passSlackMs + Math.ceil((bytes / 1024 / kibPerSecond) * 1_000 * times)
}

/** Manifests of the hosts by node name; what is marked as verified is not read again. */
export async function manifestsOf(
  context: StepContext,
  hosts: readonly Host[],
  options: ListOptions,
): Promise<Record<string, Manifest>> {
  return onEach(hosts, async (host) => {
    const listing = listingOf(context, host, options)
    const tree = treeOn(options, host)
    if (!context.onPaper || listing.marks === undefined) return manifestAt(context, host, tree, listing)
    // To note marks is a change, so it is only printed; the plan of the copy needs the list all the same.
    const { marks: _, ...readOnly } = listing
    await must(context, host, manifestOf(tree, listing))
    return manifestAt(context, host, tree, readOnly)
  })
}

async function manifestAt(context: StepContext, host: Host, tree: Tree, listing: Listing): Promise<Manifest> {
  const listed = await ask(context, host, manifestOf(tree, listing))
  if (listed.exitCode === 0 && !listed.truncated) return readManifest(listed.stdout)
  throw stuck(
    `${host.spec.name}: listing ${tree.what} ended with ${listed.truncated ? 'more files than evha can list' : ended(listed)}`,
  )
}

export function listingOf(context: StepContext, host: Host, options: ListOptions): Listing {
  const { source, invocation, dug, looksOnly, unread } = options
  const running = source === 'hot' && host === context.source
  const listing = {
    running,
    timeoutMs: passTimeoutMs(context, options),
    ...(dug === undefined ? {} : { dug }),
  }
  if (invocation === undefined || invocation === '') return listing
  const file = `${host.spec.paths.evha}/runs/${context.run}/${treeOn(options, host).marks}`
  const noted = running ? 'doneWith' : 'everything'
  const mark = unread === true ? 'unread' : looksOnly === true ? 'nothing' : noted
  return { ...listing, marks: { file, invocation, mark } }
}

/** How a command of a copy ended, in a few words. */
export function ended(outcome: Outcome | NotStarted): string {
  if (outcome.kind === 'notStarted') return outcome.failure.message
  if (outcome.kind === 'unknown') return outcome.message
  const said = whyIn(outcome.stderr)
  return `exit ${outcome.exitCode ?? outcome.signal}${said === '' ? '' : `: ${said}`}`
}
