import { must, onEach, stuck, until } from '../ask.ts'
import { heightOf } from '../chain/head.ts'
import type { Facts } from '../facts.ts'
import { givePermit } from '../host/permits.ts'
import { isUp, readUnit, showUnit } from '../host/systemd.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { startPeer } from '../window/warm-peers.ts'

/** Block N+1 on q nodes: start to first block takes 3 to 5 s, the leader's P2P wait can add 30 s (evnode.md A2, B 8.5). */
const firstBlockTimeoutMs = 90_000

export const startQuorum: Step<'startQuorum'> = {
  name: 'startQuorum',
  plan: ({ quorum }) => [
    `make the permits of the warm nodes durable, and start one more peer: with ${quorum} of them the cluster elects a leader and produces`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    // Once a majority keeps that the commit fell, the way forward needs node-1 no more.
    await context.journalKept()
    const last = await startOneMore(context)
    // Those that are warm run with the permit they have: a durable one counts at their next start, so the one that makes
    // the quorum does not wait for it. A unit that is not enabled does not start by itself before that anyway.
    await onEach(hostsNamed(context, fact(context, 'warmPeers').warm), async (peer) => {
      await must(context, peer, givePermit(peer.spec, 'raft', 'durable'))
      await startAgain(context, peer)
    })
    return last
  },
  verify: async (context, measured) => {
    const { height } = fact(context, 'stopSource')
    const { equal } = fact(context, 'proveEqual')
    const candidates = hostsNamed(context, equal)
    const above = await until(
      context,
      { timeoutMs: measured === undefined ? 2_000 : firstBlockTimeoutMs, everyMs: 100 },
      async () => {
        const heights = await onEach(candidates, (peer) => heightOf(context, peer))
        const names = Object.keys(heights).filter((name) => (heights[name] ?? 0) > height)
        return names.length >= Math.min(context.quorum, candidates.length) ? names : null
      },
    )
    if (above === null) return notYet(`no quorum has block ${height + 1} yet`)
    const last = measured?.last ?? lastStarted(context)
    const { startedAtMs = 0, startedHereMs } = measured ?? {}
    return done({
      quorum: above,
      last,
      startedAtMs,
      ...(startedHereMs === undefined ? {} : { startedHereMs }),
    })
  },
  irreversible: 'the cluster may have produced a block from the moment its quorum ran',
  keepsJournal: 'beside',
}

/** The peer that makes the quorum: the first one with proved content that is not warm; the next one when it fails. */
async function startOneMore(
  context: StepContext,
): Promise<Pick<Facts['startQuorum'], 'last' | 'startedAtMs' | 'startedHereMs'>> {
  const { equal } = fact(context, 'proveEqual')
  const { warm } = fact(context, 'warmPeers')
  const candidates = hostsNamed(context, equal).filter((peer) => !warm.includes(peer.spec.name))
  let why = 'there is none left with the same content'
  for (const peer of candidates) {
    try {
      const started = await startPeer(context, peer, { permit: 'durable' })
      const { startedAtMs, startedHereMs } = started
      return { last: peer.spec.name, startedAtMs, ...(startedHereMs === undefined ? {} : { startedHereMs }) }
    } catch (thrown) {
      context.signal.throwIfAborted()
      why = thrown instanceof Error ? thrown.message : String(thrown)
      context.tell(`${peer.spec.name} did not start (${why}); trying the next peer`)
    }
  }
  throw stuck(`no peer could be started to make the quorum: ${why}`)
}

/** A warm node that went down meanwhile, after a crash of ours, is started again. */
async function startAgain(context: StepContext, peer: Host): Promise<void> {
  if (context.onPaper) return
  if (!isUp(readUnit(await must(context, peer, showUnit(peer.spec.unit))))) await startPeer(context, peer)
}

export function hostsNamed(context: StepContext, names: readonly string[]): Host[] {
  return context.nodes.filter((host) => names.includes(host.spec.name))
}

function lastStarted(context: StepContext): string {
  const { warm } = fact(context, 'warmPeers')
  return fact(context, 'proveEqual').equal.find((name) => !warm.includes(name)) ?? ''
}
