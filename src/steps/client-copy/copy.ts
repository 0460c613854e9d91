import { ask, must, onEach, stuck, until, whyIn } from '../ask.ts'
import { tooFarBehind } from '../chain/client-behind.ts'
import { clientHeadOf } from '../chain/client-head.ts'
import { clientOf, executionOn } from '../chain/execution.ts'
import { heightOf } from '../chain/head.ts'
import type { CopiedClients } from '../facts.ts'
import { clientIsDriven } from '../host/beside.ts'
import { unpackStore } from '../host/store.ts'
import { closeWays, directWays } from '../prepare/direct-ways.ts'
import { type ListOptions, passTimeoutMs } from '../prepare/store-list.ts'
import { copyPass } from '../prepare/store-pass.ts'
import type { Host, StepContext } from '../step.ts'
import {
  type CopyState,
  clientIsUp,
  endCopy,
  makeRoom,
  putInPlace,
  readCopyState,
  settle,
} from './commands.ts'
import { type CopyPeer, copyPeers, growingTree, madePath, restingTree, workIn } from './place.ts'
import { lookAtRest, type Rest, whyNotCopied } from './rest.ts'

/** The first pass moves everything; a second one sees that nothing is left, a third makes up for a way that broke. */
const passesMax = 4
/** A client opens a large database in well below that. */
const upTimeoutMs = 10 * 60_000
const lookEveryMs = 500
/** For one question to a client on its own host. */
const timeoutMs = 3_000

/**
 * The other way to warm a client: its data is replaced by a copy of a directory on the source's host that nobody writes to, before
 * a full node leads it on. The source's client is not touched, and a peer's own keeps running until the copy is whole. A part of
 * seeding; nothing where the runbook does not ask for it.
 */
export const clientCopy = {
  plan: (context: StepContext): readonly string[] => {
    const peers = copyPeers(context)
    if (peers.length === 0) return []
    const { spec } = context.source
    return [
      `on ${namesOf(peers)}: copy the execution client's data from ${fromOf(context)} on ${spec.name}, which must stand still, beside what the client has; then stop the client, put the copy in place with its own identity kept, start it, and see that it holds the chain; the client of ${spec.name} is not touched`,
    ]
  },

  /** Copies what is not copied yet, and puts it in place; undefined where nothing was to do. */
  begin: async (context: StepContext): Promise<CopiedClients | undefined> => {
    const peers = copyPeers(context)
    if (peers.length === 0) return undefined
    const states = await onEach(hostsOf(peers), (peer) => stateOf(context, peer))
    const at = (...wanted: CopyState[]) =>
      peers.filter(({ peer }) => wanted.includes(states[peer.spec.name] ?? 'none'))
    const fresh = await farOnes(context, at('none'))
    const bytes = fresh.length === 0 ? 0 : await copyTo(context, fresh)
    const inPlace = [...fresh, ...at('swapping')]
    await onEachOf(inPlace, (one) => swap(context, one))
    const heads = await onEachOf([...inPlace, ...at('swapped')], (one) => standsOnIt(context, one))
    await onEachOf(at('made'), (one) => settled(context, one))
    return { bytes, heads }
  },

  /** Takes away copies that are not in place. A client that stands on one keeps it. */
  undo: async (context: StepContext): Promise<void> => {
    await onEachOf(copyPeers(context), async ({ peer, client }) => {
      const said = await must(context, peer, endCopy(peer.spec, client))
      const before = /^before (.+)$/m.exec(said)?.[1]
      if (before === undefined) return
      const { name } = peer.spec
      context.tell(
        `${name}: its execution client was not seen on its copied data; what it had before lies in ${before}: remove that when the client is well`,
      )
    })
  },
}

const namesOf = (peers: readonly CopyPeer[]) => peers.map(({ peer }) => peer.spec.name).join(', ')
const hostsOf = (peers: readonly CopyPeer[]) => peers.map(({ peer }) => peer)
/** The runbook was refused without it. */
const fromOf = ({ source }: Pick<StepContext, 'source'>) => source.spec.execution?.copyFrom ?? ''

function onEachOf<T>(
  peers: readonly CopyPeer[],
  work: (one: CopyPeer) => Promise<T>,
): Promise<Record<string, T>> {
  const of = new Map(peers.map((one) => [one.peer, one]))
  return onEach(hostsOf(peers), (peer) => {
    const one = of.get(peer)
    if (one === undefined) throw new Error('a peer that is none')
    return work(one)
  })
}

async function stateOf(context: StepContext, peer: Host): Promise<CopyState> {
  const one = copyPeers(context).find((it) => it.peer === peer)
  if (one === undefined) return 'made'
  const said = await must(context, peer, readCopyState(one.client, madePath(context, peer.spec, one.client)))
  return said === 'swapping' || said === 'swapped' || said === 'made' ? said : 'none'
}

/** A client that stands near the head gains nothing by a copy, which is older. */
async function farOnes(context: StepContext, peers: readonly CopyPeer[]): Promise<readonly CopyPeer[]> {
  const head = await heightOf(context, context.source)
  const ends = await onEach(hostsOf(peers), (peer) => clientHeadOf(context, peer))
  return peers.filter(({ peer: { spec } }) => {
    const end = ends[spec.name] ?? null
    const isFar = head === null || end === null || tooFarBehind(context, head - end) !== ''
    if (!isFar)
      context.tell(`${spec.name}: its execution client stands at ${end} of ${head}: nothing to copy`)
    return isFar
  })
}

/** Copies to the places beside the clients' own data; returns when every copy is equal to what was copied, and that at rest all the time. */
async function copyTo(context: StepContext, peers: readonly CopyPeer[]): Promise<number> {
  const before = await restNow(context)
  const clients = new Map(peers.map(({ peer, client }) => [peer, client]))
  const owners = await onEach(hostsOf(peers), async (peer) => {
    const client = clients.get(peer)
    return client === undefined ? '' : must(context, peer, makeRoom(client))
  })
  const options: ListOptions = {
    source: 'resting',
    invocation: `at rest: ${fromOf(context)}`,
    tree: {
      on: (host) => {
        const client = clients.get(host)
        return client === undefined ? restingTree(fromOf(context)) : growingTree(client)
      },
      owner: ({ spec }) => owners[spec.name] ?? '',
      bytes: before.bytes,
    },
  }
  // A plan reads no terabyte to say how many files it has.
  if (context.onPaper) return printed(context, peers, options)
  const bytes = await passes(
    { ...context, nodes: [context.source, ...hostsOf(peers)], peers: hostsOf(peers) },
    options,
  )
  const after = await restNow(context)
  if (after.seen === before.seen) return bytes
  throw torn(context, `${fromOf(context)} changed while it was copied: such a copy of a database is torn`)
}

async function printed(
  context: StepContext,
  peers: readonly CopyPeer[],
  options: ListOptions,
): Promise<number> {
  const timeoutMs = passTimeoutMs(context, options)
  await onEachOf(peers, ({ peer, client }) =>
    must(context, peer, unpackStore(growingTree(client), { owner: '', listing: {}, timeoutMs })),
  )
  return 0
}

async function passes(context: StepContext, options: ListOptions): Promise<number> {
  const startedMs = context.now()
  const ways = directWays(context, Math.ceil((passTimeoutMs(context, options) * passesMax) / 1_000))
  try {
    let bytes = 0
    for (let passed = 0; passed < passesMax; passed++) {
      const pass = await copyPass(context, { ...options, ways })
      bytes += pass.bytes
      if (pass.files > 0) continue
      const seconds = ((context.now() - startedMs) / 1_000).toFixed(1)
      context.tell(`the data of ${context.peers.length} execution clients: ${bytes} bytes in ${seconds} s`)
      return bytes
    }
  } finally {
    // What went wrong with the copy is what has to be told.
    await closeWays(context).catch(() => undefined)
  }
  throw torn(context, `after ${passesMax} passes the copies of ${fromOf(context)} still differ from it`)
}

async function restNow(context: StepContext): Promise<Rest> {
  const rest = await lookAtRest(context, context.source, fromOf(context))
  const why = whyNotCopied(fromOf(context), rest)
  if (why !== '') throw torn(context, why)
  return rest
}

const torn = ({ source }: StepContext, why: string) =>
  stuck(
    `${source.spec.name}: ${why}`,
    `put a whole, still copy of a client's data there (a mounted snapshot of its volume, or a copy made while the client was stopped), then \`evha resume\`; or \`evha abort\` and a runbook with execution.warmUp: follow`,
  )

async function swap(context: StepContext, { peer, client }: CopyPeer): Promise<void> {
  const { name } = peer.spec
  const asked = await ask(context, peer, putInPlace(peer.spec, client))
  if (asked.exitCode === 0) return
  const said = whyIn(asked.stderr)
  if (asked.exitCode === clientIsDriven)
    throw stuck(`${name}: a node drives the execution client (${said}), so its data is not exchanged`)
  if (asked.exitCode === clientIsUp)
    throw stuck(
      `${name}: ${said} although ${client.unit} was stopped, so it is not exchanged`,
      `name the unit that runs the client in the runbook (nodes[].execution.unit), or end that process on ${name}; then \`evha resume\``,
    )
  throw stuck(
    `${name}: putting the copy in place ended with exit ${asked.exitCode}: ${said}`,
    `see on ${name}: systemctl status ${client.unit}; then \`evha resume\`, which goes on there`,
  )
}

/** Waits for the client and holds its newest block against the one of the source's client; returns its number. */
async function standsOnIt(context: StepContext, one: CopyPeer): Promise<number> {
  const { peer, client } = one
  const { name } = peer.spec
  const waits = { timeoutMs: upTimeoutMs, everyMs: lookEveryMs, onPaper: 0 }
  const head = await until(context, waits, () => clientHeadOf(context, peer))
  const where = `what it had before lies in ${workIn(client).before} on ${name}`
  if (head === null)
    throw stuck(
      `${name}: its execution client does not answer on its copied data`,
      `see on ${name} what it says: journalctl -u ${client.unit}; ${where}; then \`evha resume\``,
    )
  if (!context.onPaper) {
    const [own, other] = await Promise.all([
      hashOf(context, peer, head),
      hashOf(context, context.source, head),
    ])
    if (own === null || own !== other)
      throw stuck(
        `${name}: on its copied data its execution client has another block ${head} (${own ?? 'none'}) than that of ${context.source.spec.name} (${other ?? 'none'})`,
        `${fromOf(context)} is no copy of this chain's client; ${where}; \`evha abort\`, and mend execution.copyFrom`,
      )
    context.tell(`${name}: its execution client stands on the copied data, at block ${head}`)
  }
  await settled(context, one)
  return head
}

const settled = (context: StepContext, { peer, client }: CopyPeer) =>
  must(context, peer, settle(client, madePath(context, peer.spec, client)))

async function hashOf(context: StepContext, host: Host, number: number): Promise<string | null> {
  const client = clientOf(context, host)
  const block = client === null ? null : await executionOn(context, host, client, timeoutMs)?.block(number)
  return block?.kind === 'ok' ? block.value.hash : null
}
