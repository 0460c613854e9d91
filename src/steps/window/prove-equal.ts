import { createHash } from 'node:crypto'
import { stuck } from '../ask.ts'
import { replayAt } from '../chain/client-behind.ts'
import { clientOf } from '../chain/execution.ts'
import type { ClientStands, Facts } from '../facts.ts'
import { difference, type Manifest } from '../host/manifest.ts'
import { manifestsOf } from '../prepare/store-list.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { peersNeeded, proveClients } from './prove-clients.ts'
import { tryTheFence } from './try-the-fence.ts'

/** The same content on every node to be started, store and execution client, and the fence tried once under the guard's lock. */
export const proveEqual: Step<'proveEqual'> = {
  name: 'proveEqual',
  plan: (context) => [
    `compare the content of every store with ${context.source.spec.name}; at least ${context.quorum} peers or as many as there are must be equal`,
    ...(clientOf(context, context.source) === null
      ? []
      : [
          `ask every execution client for the last block: where it is another one than that of ${context.source.spec.name}, the node is not started`,
        ]),
    `try to start ${context.source.spec.unit} on ${context.source.spec.name}: systemd must refuse`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const [refusal, stores, clients] = await Promise.all([
      refusalOf(context),
      compareStores(context),
      proveClients(context),
    ])
    if (clients === null) return { refusal, ...stores }
    const proved = withClients(stores, clients)
    const { height: last } = fact(context, 'stopSource')
    const replay = replayAt(context, { stands: clients, names: proved.equal, last })
    return { refusal, ...proved, clients, replay }
  },
  verify: (context, measured) => {
    const { refusal, equal, different, manifestSha256 } = measured ?? {}
    if (
      refusal === undefined ||
      equal === undefined ||
      different === undefined ||
      manifestSha256 === undefined
    )
      return Promise.resolve(notYet('fence and content were not compared yet'))
    const { clients, replay } = measured ?? {}
    if (equal.length >= peersNeeded(context))
      return Promise.resolve(
        done({
          equal,
          different,
          manifestSha256,
          refusal,
          ...(clients === undefined ? {} : { clients }),
          ...(replay === undefined ? {} : { replay }),
        }),
      )
    const which = Object.entries(different).map(([name, why]) => `${name}: ${why}`)
    return Promise.resolve(
      notYet(
        `only ${equal.length} of ${context.peers.length} peers have the content of ${context.source.spec.name}: ${which.join('; ')}`,
      ),
    )
  },
  undo: () => Promise.resolve(),
}

/** A node whose client holds another chain is no more to be started than one whose store differs. */
export function withClients<T extends Pick<Facts['proveEqual'], 'equal' | 'different'>>(
  stores: T,
  clients: ClientStands,
): T {
  const different = { ...stores.different }
  for (const name of stores.equal) {
    const why = clients[name]?.why ?? 'its execution client was not asked'
    if (why !== '') different[name] = why
  }
  return { ...stores, different, equal: stores.equal.filter((name) => different[name] === undefined) }
}

/** What came of the try beside the window's pass; where there was none in this process, it is made now. */
function refusalOf(context: StepContext): Promise<string> {
  const { fence } = context.fresh
  delete context.fresh.fence
  return fence?.attempt === context.attempt ? fence.refusal : tryTheFence(context)
}

/** Which peers hold the very content of the source, and what differs on the others. */
async function compareStores(context: StepContext): Promise<Omit<Facts['proveEqual'], 'refusal'>> {
  const manifests = asThePassLeftThem(context) ?? (await equalise(context))
  const here = manifests[context.source.spec.name] ?? new Map()
  if (here.size === 0 && !context.onPaper)
    throw stuck(
      `${context.source.spec.name}: its store holds no file; nothing can be proved equal to nothing`,
    )
  const different: Record<string, string> = {}
  for (const { spec } of context.peers) {
    const { toCopy, toRemove } = difference(here, manifests[spec.name] ?? new Map())
    const first = toCopy[0] ?? toRemove[0]
    if (first !== undefined)
      different[spec.name] = `${toCopy.length + toRemove.length} files differ, the first is ${first}`
  }
  const equal = context.peers.map((peer) => peer.spec.name).filter((name) => different[name] === undefined)
  return { equal, different, manifestSha256: digestOf(here) }
}

/**
 * What the window's pass itself listed: the source under its guard, each peer at the end of what was written to it. Used
 * once, and only where all of them are equal; whatever is missing or differs is listed anew.
 */
function asThePassLeftThem(context: StepContext): Readonly<Record<string, Manifest>> | null {
  const { stores } = context.fresh
  delete context.fresh.stores
  if (stores === undefined || stores.attempt !== context.attempt) return null
  const here = stores.manifests[context.source.spec.name]
  if (here === undefined || here.size === 0) return null
  const isEqual = ({ spec }: Host) => {
    const there = stores.manifests[spec.name]
    if (there === undefined) return false
    const { toCopy, toRemove } = difference(here, there)
    return toCopy.length + toRemove.length === 0
  }
  return context.peers.every(isEqual) ? stores.manifests : null
}

/** Manifests of all nodes; when they differ only in how files are laid out in holes, the holes are dug alike first. */
async function equalise(context: StepContext): Promise<Record<string, Manifest>> {
  const options = { source: 'still', invocation: fact(context, 'fence').invocation } as const
  const asis = await manifestsOf(context, context.nodes, options)
  const here = asis[context.source.spec.name] ?? new Map()
  const onlyHoles = context.peers.some((peer) => {
    const there = asis[peer.spec.name] ?? new Map()
    const { toCopy, toRemove } = difference(here, there)
    return (
      toCopy.length > 0 &&
      toRemove.length === 0 &&
      toCopy.every((path) => here.get(path)?.size === there.get(path)?.size)
    )
  })
  return onlyHoles ? manifestsOf(context, context.nodes, { ...options, dug: true }) : asis
}

function digestOf(manifest: Manifest): string {
  const hash = createHash('sha256')
  for (const [path, entry] of manifest) hash.update(`${entry.size} ${entry.digest} ${path}\n`)
  return hash.digest('hex')
}
