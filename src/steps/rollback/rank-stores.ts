import { reads } from '../../base/command.ts'
import { readLog } from '../../evnode/logs.ts'
import { onReachable } from '../abort/reach.ts'
import { membersOf } from '../after/members.ts'
import { contradiction, must, onEach, until } from '../ask.ts'
import { daOf } from '../chain/da.ts'
import { offlineHeight } from '../chain/offline-height.ts'
import { highestInRaftLogOf } from '../host/raft-heights.ts'
import { bootId } from '../host/systemd.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { guardDir } from '../window/stop-source.ts'
import { stopForGood } from '../window/warm-peers.ts'
import { mustBeForbidden } from './forbid-raft.ts'

/** So many last lines of a node name its last heights; three Raft lines a block at the worst. */
const logLines = 2_000
/** A host that is rebooting is waited for so long. */
const comesBackTimeoutMs = 60_000

/**
 * The target is the highest height that may have been signed: a single sequencer that goes on below it signs a
 * height twice. Stores, the nodes' own logs, their Raft logs, DA and what the run saw each have a say; none may be silent.
 */
export const rankStores: Step<'rankStores'> = {
  name: 'rankStores',
  plan: () => [
    "read the height of every member's stopped store, of all logs and Raft logs and of DA; take a store that has the highest",
  ],
  precheck: async (context) => {
    await mustBeForbidden(context)
    await allAnswer(context)
  },
  apply: async (context) => {
    await freeStores(context)
    // A peer without proved content was never started: its store, which may be torn, has nothing that was signed here.
    const heights = await onEach(membersOf(context), (host) => offlineHeight(context, host))
    const logged = await onEach(context.nodes, (host) => highestLogged(context, host))
    const signed = [
      ...Object.entries(heights).map(([name, height]) => ({ height, by: `the store of ${name}` })),
      ...Object.entries(logged).map(([name, height]) => ({ height, by: `the log of ${name}` })),
      ...(await highestInRaftLogs(context)),
      { height: await highestOnDa(context), by: 'DA' },
      {
        height: context.facts.soak?.head ?? context.facts.verifyElection?.head ?? 0,
        by: 'what this run saw',
      },
      { height: context.facts.stopSource?.height ?? 0, by: 'the stop of the sequencer' },
    ]
    const target = Math.max(...signed.map(({ height }) => height))
    const holders = Object.keys(heights).filter((name) => heights[name] === target)
    const source = context.source.spec.name
    const best = holders.includes(source) ? source : holders[0]
    if (best === undefined)
      throw contradiction(
        `block ${target} was signed, as ${signed.find(({ height }) => height === target)?.by} says, but the highest store ends at ${Math.max(...Object.values(heights))}`,
      )
    return { heights, target, best }
  },
  verify: (_context, measured) => {
    const { heights, target, best } = measured ?? {}
    if (heights === undefined || target === undefined || best === undefined)
      return Promise.resolve(notYet('the stores were not ranked yet'))
    return Promise.resolve(done({ heights, target, best }))
  },
  irreversible: 'reads only; the cluster stays down',
  keepsJournal: 'first',
}

/** A host that was silent when the nodes were stopped may be back; one that stays away may hold more than the others. */
async function allAnswer(context: StepContext): Promise<void> {
  let silent: readonly string[] = []
  const all = await until(context, { timeoutMs: comesBackTimeoutMs, everyMs: 2_000 }, async () => {
    const seen = await onReachable(context, context.nodes, async (host) => {
      await must(context, host, bootId())
    })
    silent = seen.unreached
    return silent.length === 0 ? true : null
  })
  if (all === null)
    throw contradiction(`${silent.join(', ')} do not answer and may hold a higher block than all the others`)
}

/** A store is read under its lock: what came up again is stopped, and the guard of the window lets go. */
async function freeStores(context: StepContext): Promise<void> {
  await onEach(context.nodes, (host) => stopForGood(context, host))
  await context.hands.killDetached(context.source.remote, guardDir(context))
}

async function highestLogged(context: StepContext, { spec, remote }: Host): Promise<number> {
  const text = await must(
    context,
    { spec, remote },
    reads('read what the node logged last', [
      'journalctl',
      '--no-pager',
      '--quiet',
      '-o',
      'short-unix',
      '-u',
      spec.unit,
      '-n',
      String(logLines),
    ]),
  )
  return Math.max(
    0,
    ...readLog(text).flatMap((event) =>
      event.kind === 'produced' || event.kind === 'syncing' ? [event.height] : [],
    ),
  )
}

/** A leader has its block in the Raft logs of a majority before it is in any store: so many of them must be read. */
async function highestInRaftLogs(context: StepContext): Promise<{ height: number; by: string }[]> {
  const all = await onEach(context.nodes, (host) => highestInRaftLogOf(context, host))
  const read = Object.entries(all).flatMap(([name, height]) =>
    height === null ? [] : [{ height, by: `the Raft log of ${name}` }],
  )
  if (read.length >= context.quorum) return read
  const unread = Object.keys(all).filter((name) => all[name] === null)
  throw contradiction(
    `the Raft logs of ${unread.join(', ')} are not there or can not be read: they may hold a higher block than the stores`,
  )
}

/** DA is walked from where it stood when the window opened. */
async function highestOnDa(context: StepContext): Promise<number> {
  const from = fact(context, 'arm').daHeight
  const da = await daOf(context)
  const head = await da.localHead()
  if (from === null || head.kind !== 'ok')
    throw contradiction('DA does not answer: it may hold a higher block than the stores')
  const { daNamespace, proposerAddress } = fact(context, 'check')
  let highest = 0
  for (let at = from; at <= head.value; at++) {
    const blobs = await da.headerBlobs(at, daNamespace)
    if (blobs.kind !== 'ok')
      throw contradiction(`DA does not give its height ${at}: it may hold a higher block than the stores`)
    for (const blob of blobs.value)
      if (blob.validSignature && blob.header.proposerAddress === proposerAddress)
        highest = Math.max(highest, blob.header.height)
  }
  return highest
}
