import { median } from '../../base/median.ts'
import { readLog } from '../../evnode/logs.ts'
import { ask, must, onEach, stuck, until } from '../ask.ts'
import { eventsSinceStart } from '../chain/client-log.ts'
import { clientOf } from '../chain/execution.ts'
import type { WarmedUp } from '../facts.ts'
import { clientIsDriven } from '../host/beside.ts'
import { parts, showUnitAndLog } from '../host/look.ts'
import { isUp, readUnit } from '../host/systemd.ts'
import { done, fact, type Host, notYet, type StepContext, type Verdict } from '../step.ts'
import { startFullNode } from './commands.ts'
import { distances } from './distances.ts'
import { removeFullNode } from './end.ts'
import { layFullNodes, planFullNodes } from './lay.ts'
import { type Pace, paceInLog } from './pace.ts'
import { fullNodeOf, warmUpUnit } from './place.ts'
import { behind, Following, followingText } from './progress.ts'

/** A chain may be days long, so there is no limit on the whole; one that does not move for so long is looked at by a human. */
const stalledMaxMs = 10 * 60_000
/** Before the node's own last words are taken for why it does not move. */
const fatalAfterMs = 30_000
const lookEveryMs = 1_000
const verifyTimeoutMs = 60_000
/** The chain goes on while it is looked at, and a block takes its way. */
const nearMs = 1_000
const nearBlocks = 2

/** So few blocks behind, a client counts as warm. */
export const nearEnough = (blockTimeMs: number) => nearBlocks + Math.ceil(nearMs / Math.max(1, blockTimeMs))

/** True on a chain whose nodes drive execution clients. */
export const hasClients = (context: StepContext) => clientOf(context, context.source) !== null

/**
 * The warm-up of an EVM chain's peers: each runs a plain full node beside its seed, which follows the live sequencer and drives
 * the client of that host, so that at the gate every client stands at the head. A part of seeding: the client's data is half of
 * a seed. On another chain it is nothing. Its precheck is that of seeding: no peer's member runs.
 */
export const warmUp = {
  plan: ({ peers, source }: StepContext): readonly string[] => [
    `on ${peers.map(({ spec }) => spec.name).join(', ')}: start a plain full node (no key, no Raft, a home and a unit of its own) that follows ${source.spec.name} and drives the execution client there, until all clients stand at the head`,
  ],

  /** Lays and starts what is not there yet: the chain runs, and copying goes on meanwhile. */
  begin: async (context: StepContext): Promise<void> => {
    const nodes = await planFullNodes(context)
    await layFullNodes(context, nodes)
    await onEach(
      nodes.map(({ peer }) => peer),
      (peer) => startOn(context, peer),
    )
  },

  /** Waits until every client stands near the head, however long that takes, as long as it comes nearer. */
  follow: async (context: StepContext): Promise<WarmedUp> => {
    if (context.onPaper) return { msPerBlock: null, heads: {} }
    const { blockTimeMs } = fact(context, 'check')
    const following = followingAll(context)
    for (;;) {
      context.signal.throwIfAborted()
      const far = await farOnes(context, following)
      if (far.length === 0) break
      context.passing(followingText(following, blockTimeMs))
      await onEach(far, (peer) => goesOn(context, peer, following.get(peer.spec.name)))
      await context.sleep(lookEveryMs)
    }
    const paces = await pacesOf(context, following)
    // No replay is free.
    const whole = (ms: number) => (paces.length === 0 ? null : Math.max(1, Math.round(ms)))
    return {
      msPerBlock: whole(Math.max(...paces.map(({ slowMs }) => slowMs))),
      usualMsPerBlock: whole(median(paces.map(({ usualMs }) => usualMs))),
      heads: Object.fromEntries([...following].map(([name, one]) => [name, one.last?.client ?? 0])),
    }
  },

  /** Reads only: every full node is up, its client near the head; the chain goes on meanwhile, so one look in vain says nothing. */
  verify: async (context: StepContext, measured?: WarmedUp): Promise<Verdict<WarmedUp>> => {
    if (measured === undefined) return notYet('the execution clients were not seen at the head yet')
    if (context.onPaper) return done(measured)
    const following = followingAll(context)
    let far: Host | undefined
    const near = await until(context, { timeoutMs: verifyTimeoutMs, everyMs: lookEveryMs }, async () => {
      ;[far] = await farOnes(context, following)
      return far === undefined ? true : null
    })
    if (near !== null || far === undefined) return done(measured)
    const { name } = far.spec
    const last = following.get(name)?.last
    return notYet(
      last === undefined || last === null
        ? `${name}: its execution client was not seen`
        : `${name}: its execution client is ${behind(last)} blocks behind the head`,
    )
  },

  /** Ends the full nodes and takes away their units and homes; safe where there is none. */
  undo: async (context: StepContext): Promise<void> => {
    await onEach(context.peers, (peer) => removeFullNode(context, peer))
  },
}

/** While a gate is held: full nodes that went down are started again, and their clients waited for. */
export async function keepWarm(context: StepContext): Promise<WarmedUp> {
  const before = context.facts.weighCutover?.warmedUp ?? fact(context, 'seedData').warmedUp
  const isWarm = async () => context.onPaper || (await farOnes(context, followingAll(context))).length === 0
  if (before !== undefined && (await isWarm())) return before
  context.tell('waiting until the execution clients stand at the head again; the chain runs')
  await warmUp.begin(context)
  const again = await warmUp.follow(context)
  const pace = again.msPerBlock === null ? before : again
  return {
    ...again,
    msPerBlock: pace?.msPerBlock ?? null,
    usualMsPerBlock: pace?.usualMsPerBlock ?? pace?.msPerBlock ?? null,
  }
}

/** Of each peer that caught up: by its full node's log, to the millisecond; else by what was seen of it once a second. */
async function pacesOf(
  context: StepContext,
  following: ReadonlyMap<string, Following>,
): Promise<readonly Pace[]> {
  const { blockTimeMs } = fact(context, 'check')
  const paces = await onEach(context.peers, async (peer) => {
    const logged = paceInLog(await eventsSinceStart(context, fullNodeOf(peer)), blockTimeMs)
    const followed = following.get(peer.spec.name)?.msPerBlock() ?? null
    return logged ?? (followed === null ? null : { usualMs: followed, slowMs: followed })
  })
  return Object.values(paces).filter((pace) => pace !== null)
}

async function startOn(context: StepContext, peer: Host): Promise<void> {
  const { name, unit } = peer.spec
  const asked = await ask(context, peer, startFullNode(peer.spec))
  if (asked.exitCode === 0) return
  const said = asked.stderr.trim().split('\n').at(-1) ?? ''
  throw asked.exitCode === clientIsDriven
    ? stuck(`${name}: ${unit} runs, so no full node is started beside it`)
    : stuck(`${name}: start ${warmUpUnit(peer.spec)}: exit ${asked.exitCode}: ${said}`)
}

const followingAll = ({ peers, now }: StepContext) =>
  new Map(peers.map(({ spec }) => [spec.name, new Following(now())]))

/** Asks once; returns the peers whose client is not near the head. */
async function farOnes(
  context: StepContext,
  following: ReadonlyMap<string, Following>,
): Promise<readonly Host[]> {
  const near = nearEnough(fact(context, 'check').blockTimeMs)
  const seen = await distances(context)
  for (const [name, distance] of Object.entries(seen)) following.get(name)?.saw(distance)
  return context.peers.filter(({ spec }) => {
    const one = seen[spec.name]
    return one === undefined || one.node === null || one.client === null || behind(one) > near
  })
}

/** A full node that went down (a reboot takes its permit) is started again; one that does not move ends the wait. */
async function goesOn(context: StepContext, peer: Host, one: Following | undefined): Promise<void> {
  const { name } = peer.spec
  const stalledMs = one?.stalledMs(context.now()) ?? 0
  if (stalledMs < fatalAfterMs) return
  const [shown = '', log = ''] = parts(await must(context, peer, showUnitAndLog(warmUpUnit(peer.spec))), 2)
  if (!isUp(readUnit(shown))) return startOn(context, peer)
  const fatal = readLog(log).findLast((event) => event.kind === 'fatal')
  if (fatal?.kind === 'fatal')
    throw stuck(
      `${name}: the full node that drives its execution client does not get on: ${fatal.error}`,
      `mend what it says on ${name}: journalctl -u ${warmUpUnit(peer.spec)}; then \`evha resume\``,
    )
  if (stalledMs < stalledMaxMs) return
  throw stuck(
    `${name}: its execution client has not come further for ${Math.round(stalledMs / 60_000)} min (block ${one?.last?.client ?? 'unknown'}, the chain is at ${one?.last?.head ?? 'unknown'})`,
    `see on ${name} what keeps it: journalctl -u ${warmUpUnit(peer.spec)}, and the client's own log; then \`evha resume\``,
  )
}
