import { changes } from '../../base/command.ts'
import type { LogEvent } from '../../evnode/logs.ts'
import { offlineHeightArgv, readOfflineHeight } from '../../evnode/store.ts'
import { ask, must, stuck } from '../ask.ts'
import { eventsIn } from '../host/log.ts'
import { asServiceUser, serviceUser } from '../host/service-user.ts'
import { parseStopRecord, readStopRecord, stopAndRecord } from '../host/stop-record.ts'
import { guardArgv } from '../host/store.ts'
import { readUnit, showUnit } from '../host/systemd.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'

/** The node needs at most 13 s to stop, 28 s at the worst (evnode.md B 7.1). */
const stopTimeoutMs = 45_000

/** Run directory of the guard that holds the source's store from stop to decision. */
export const guardDir = (context: StepContext) =>
  `${context.source.spec.paths.evha}/runs/${context.run}/guard.${context.attempt}`

export const stopSource: Step<'stopSource'> = {
  name: 'stopSource',
  plan: ({ source }) => [
    `stop ${source.spec.unit} on ${source.spec.name} and wait until it says it halted`,
    `hold the store's lock on ${source.spec.name} until the decision`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source } = context
    await must(context, source, stopAndRecord(source.spec, context.run, context.attempt, stopTimeoutMs))
    const guard = await context.hands.statusOfDetached(source.remote, guardDir(context))
    // The guard is started only once log and store agree on N, so a running guard means they did.
    if (guard.kind === 'running') return undefined
    await agreeOnHeight(context)
    await context.hands.startDetached(source.remote, {
      dir: guardDir(context),
      argv: guardArgv(source.spec),
      says: `hold the store of ${source.spec.name}`,
    })
    return undefined
  },
  verify: async (context) => {
    const { source } = context
    const [recorded, shown, events, guard] = await Promise.all([
      must(context, source, readStopRecord(source.spec, context.run, context.attempt)),
      must(context, source, showUnit(source.spec.unit)),
      eventsOf(context, source),
      context.hands.statusOfDetached(source.remote, guardDir(context)),
    ])
    const { name, unit } = source.spec
    const record = parseStopRecord(recorded)
    const state = readUnit(shown)
    const height = lastProduced(events)
    if (record === null) return notYet(`${name}: ${unit} was not stopped yet`)
    if (state.active !== 'inactive') return notYet(`${name}: ${unit} is ${state.active} after the stop`)
    if (state.execMainStatus !== 0)
      return notYet(`${name}: the node stopped with exit ${state.execMainStatus}`)
    if (!events.some((event) => event.kind === 'halted'))
      return notYet(`${name}: the node did not say that it halted`)
    if (height === null) return notYet(`${name}: its log names no block; N can not be cross-checked`)
    if (guard.kind !== 'running') return notYet(`${name}: the guard of the store does not run`)
    return done({ height, ...record })
  },
  /** The guard first: the store must be free before the node may start again. */
  undo: async (context) => {
    await context.hands.killDetached(context.source.remote, guardDir(context))
  },
}

async function agreeOnHeight(context: StepContext): Promise<void> {
  const { source } = context
  const logged = lastProduced(await eventsOf(context, source))
  const stored = await offlineHeight(context, source)
  if (logged !== stored && !context.onPaper)
    throw stuck(
      `${source.spec.name}: its log ends with block ${logged ?? 'none'}, its stopped store says ${stored}`,
    )
}

const eventsOf = (context: StepContext, source: Host) =>
  eventsIn(context, source, fact(context, 'fence').invocation)

function lastProduced(events: readonly LogEvent[]): number | null {
  const heights = events.flatMap((event) => (event.kind === 'produced' ? [event.height] : []))
  return heights.at(-1) ?? null
}

/** The height a stopped store holds, by the node's own word (evnode.md B 5.4); needs the lock, changes nothing. NaN on paper. */
export async function offlineHeight(context: StepContext, host: Host): Promise<number> {
  const { spec } = host
  const argv = asServiceUser(
    serviceUser(context, spec),
    offlineHeightArgv({ binary: spec.binary, home: spec.home }),
  )
  // The database may rewrite its own files on opening, so this counts as a change although no block is touched.
  const answer = await ask(
    context,
    host,
    changes(`ask the stopped store of ${spec.name} for its height`, argv),
  )
  if (context.onPaper) return Number.NaN
  const read = readOfflineHeight(`${answer.stdout}\n${answer.stderr}`)
  if (read.kind === 'height') return read.height
  throw stuck(
    `${spec.name}: the stopped store does not tell its height: ${read.kind === 'locked' ? 'somebody holds its lock' : read.said}`,
  )
}
