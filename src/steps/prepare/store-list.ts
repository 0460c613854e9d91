import type { NotStarted } from '../../remote/relay.ts'
import type { Outcome } from '../../remote/remote.ts'
import { ask, must, onEach, stuck, whyIn } from '../ask.ts'
import { type Listing, type Manifest, manifestOf, readManifest } from '../host/manifest.ts'
import { fact, type Host, type StepContext } from '../step.ts'

/** How the stores are looked at. */
export interface ListOptions {
  /** `hot` while the chain runs and files may change under the copy, `still` after the stop. */
  readonly source: 'hot' | 'still'
  /** Invocation id of the source's unit, to which the marks of verified files belong; without one nothing is taken on trust. */
  readonly invocation?: string
  /** Every zero block is made a hole first. */
  readonly dug?: boolean
  /** Only looks: notes nothing on the hosts. */
  readonly looksOnly?: boolean
}

/** Slower than this a pass is not copying any more but hanging, unless the runbook wants it slower. */
const kibPerSecondMin = 1024
/** What a pass may take beside that. */
const passSlackMs = 600_000

/** How long a pass may take: a hot one by the store's size; the window's is bounded by the budget anyway. */
export function passTimeoutMs(context: StepContext, source: ListOptions['source']): number {
  if (source === 'still') return passSlackMs
  const kibPerSecond = Math.min(kibPerSecondMin, context.runbook.copy.bandwidthKiBps ?? kibPerSecondMin)
  // A limit counts what leaves the source, which a copy from host to host does once for each peer.
  const times = context.runbook.copy.bandwidthKiBps === undefined ? 1 : context.peers.length
  return passSlackMs + Math.ceil((fact(context, 'check').dataBytes / 1024 / kibPerSecond) * 1_000 * times)
}

/** Manifests of the hosts by node name; what is marked as verified is not read again. */
export async function manifestsOf(
  context: StepContext,
  hosts: readonly Host[],
  options: ListOptions,
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

export function listingOf(
  context: StepContext,
  host: Host,
  { source, invocation, dug, looksOnly }: ListOptions,
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

/** How a command of a copy ended, in a few words. */
export function ended(outcome: Outcome | NotStarted): string {
  if (outcome.kind === 'notStarted') return outcome.failure.message
  if (outcome.kind === 'unknown') return outcome.message
  const said = whyIn(outcome.stderr)
  return `exit ${outcome.exitCode ?? outcome.signal}${said === '' ? '' : `: ${said}`}`
}
