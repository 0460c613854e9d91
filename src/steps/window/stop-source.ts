import { type LogEvent, readLog } from '../../evnode/logs.ts'
import { must, until } from '../ask.ts'
import { headOf, heightOf } from '../chain/head.ts'
import type { Head } from '../facts.ts'
import { eventsIn } from '../host/log.ts'
import { parts } from '../host/look.ts'
import { lookAtStopped, msOf, parseStopRecord, stopAndRecordArgv } from '../host/stop-record.ts'
import { guardArgv } from '../host/store.ts'
import { readUnit } from '../host/systemd.ts'
import { done, fact, notYet, type Step, type StepContext } from '../step.ts'
import { listAhead, listed } from './listed-ahead.ts'
import { tryTheFence } from './try-the-fence.ts'

/** The node needs at most 13 s to stop, 28 s at the worst (evnode.md B 7.1). */
const stopTimeoutMs = 45_000

/** A chain that makes no block for so long is not waited for: it may make blocks only when there is something to put in. */
const freshWaitMaxMs = 3_000

/**
 * The head just after a block, or none when no block comes. The stop follows at once, with nothing in between: so the chain
 * stands still from its last block on, not from somewhere between two, and the hash that is noted is most often that of N itself.
 */
async function freshHead(context: StepContext): Promise<Head | null> {
  const { source } = context
  if (context.onPaper) return null
  const first = await heightOf(context, source)
  if (first === null) return null
  const waitMs = Math.min(freshWaitMaxMs, 2 * fact(context, 'check').blockTimeMs)
  const risen = await until(context, { timeoutMs: waitMs, everyMs: 20 }, async () => {
    const height = await heightOf(context, source)
    return height !== null && height > first ? true : null
  })
  return risen === null ? null : headOf(context, source)
}

/** Run directory of the guard that holds the source's store from stop to decision. */
export const guardDir = (context: StepContext) =>
  `${context.source.spec.paths.evha}/runs/${context.run}/guard.${context.attempt}`

export const stopSource: Step<'stopSource'> = {
  name: 'stopSource',
  keepsJournal: 'first',
  plan: ({ source }) => [
    `right after a block stop ${source.spec.unit} on ${source.spec.name}, and wait until it says it halted, after which block`,
    `hold the store's lock on ${source.spec.name} until the decision`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source, run, attempt } = context
    // Nothing writes to the peers' stores but the passes, and none is under way: they are listed before the last block.
    const peers = context.onPaper ? null : listed(context, context.peers)
    const noted = await freshHead(context)
    await context.hands.startDetached(source.remote, {
      first: {
        argv: stopAndRecordArgv(source.spec, run, attempt),
        says: `stop ${source.spec.unit}`,
        timeoutMs: stopTimeoutMs,
      },
      dir: guardDir(context),
      argv: guardArgv(source.spec),
      says: `hold the store of ${source.spec.name}`,
    })
    // Under its guard the source's store changes no more: it is listed, and the fence tried, while its end is looked at.
    if (peers !== null) {
      context.fresh.listed = { attempt, ahead: listAhead(context, peers) }
      context.fresh.fence = { attempt, refusal: tryTheFence(context) }
      context.fresh.fence.refusal.catch(() => undefined)
    }
    return noted === null ? {} : { noted }
  },
  verify: async (context, measured) => {
    const { source, run, attempt } = context
    const { invocation } = fact(context, 'fence')
    const askedMs = context.now()
    const [{ looked, answeredMs }, guard] = await Promise.all([
      must(context, source, lookAtStopped(source.spec, run, attempt, invocation)).then((text) => ({
        looked: text,
        answeredMs: context.now(),
      })),
      context.hands.statusOfDetached(source.remote, guardDir(context)),
    ])
    const { name, unit } = source.spec
    const [hostTime = '', shown = '', recorded = '', log = ''] = parts(looked, 4)
    const record = parseStopRecord(recorded)
    const state = readUnit(shown)
    const events = readLog(log)
    if (record === null) return notYet(`${name}: ${unit} was not stopped yet`)
    if (state.active !== 'inactive') return notYet(`${name}: ${unit} is ${state.active} after the stop`)
    if (state.execMainStatus !== 0)
      return notYet(`${name}: the node stopped with exit ${state.execMainStatus}`)
    if (!events.some((event) => event.kind === 'halted'))
      return notYet(`${name}: the node did not say that it halted`)
    const height = lastProduced(events) ?? lastProduced(await eventsIn(context, source, invocation))
    if (height === null) return notYet(`${name}: its log names no block; N can not be cross-checked`)
    if (guard.kind !== 'running') return notYet(`${name}: the guard of the store does not run`)
    // The host told its time somewhere between question and answer: so its clock is told from this one's.
    const aheadMs = msOf(hostTime) - (askedMs + answeredMs) / 2
    const exitHereMs = Math.round(record.exitAtMs - aheadMs)
    const { noted } = measured ?? {}
    return done({ height, ...record, exitHereMs, ...(noted === undefined ? {} : { noted }) })
  },
  /** The guard goes, as the store must be free before the node may start again; a start that is still tried is refused before that. */
  undo: async (context) => {
    await context.fresh.fence?.refusal.catch(() => undefined)
    await context.hands.killDetached(context.source.remote, guardDir(context))
  },
}

function lastProduced(events: readonly LogEvent[]): number | null {
  const heights = events.flatMap((event) => (event.kind === 'produced' ? [event.height] : []))
  return heights.at(-1) ?? null
}

/** The last block whose hash was read before the stop. */
export const notedBefore = (context: Pick<StepContext, 'facts'>): Head =>
  context.facts.stopSource?.noted ?? fact(context, 'fence').noted
