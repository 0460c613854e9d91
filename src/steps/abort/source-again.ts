import { must, stuck, until } from '../ask.ts'
import { clientsBack } from '../chain/clients-back.ts'
import { heightOf } from '../chain/head.ts'
import { endDeadMan } from '../dead-man/commands.ts'
import { deadManFiles } from '../dead-man/place.ts'
import { digests, readDigests } from '../host/files.ts'
import { listPermits } from '../host/permits.ts'
import { fileExists } from '../host/swap.ts'
import {
  isUp,
  killUnit,
  readUnit,
  resetFailed,
  showUnit,
  startUnit,
  type UnitState,
} from '../host/systemd.ts'
import { signerPath, sourceFilesSeen } from '../host/unit-files.ts'
import { done, fact, notYet, type Step, type StepContext } from '../step.ts'
import { fence } from '../window/fence.ts'
import { onReachable } from './reach.ts'

const newBlockTimeoutMs = 60_000
/** So long a stop under way is waited for. The chain stands still meanwhile, and a store that goes on alone loses nothing by a kill. */
const stopMaxMs = 3_000

export const checkConfigs: Step<'checkConfigs'> = {
  name: 'checkConfigs',
  plan: ({ source }) => [`compare config and unit of ${source.spec.name} with what check saw`],
  precheck: () => Promise.resolve(),
  apply: () => Promise.resolve({}),
  verify: async (context) => {
    const { source } = context
    const seen = sourceFilesSeen(context)
    const now = readDigests(await must(context, source, digests(seen.map(({ path }) => path))))
    const changed = seen.filter(({ path, sha256 }) => now.get(path) !== sha256).map(({ path }) => path)
    if (changed.length === 0) return done({})
    throw stuck(
      `${source.spec.name}: ${changed.join(' and ')} changed since the run began`,
      'put the old content back, then `evha resume`',
    )
  },
  undo: () => Promise.resolve(),
}

export const unfence: Step<'unfence'> = {
  name: 'unfence',
  plan: ({ source }) => [`put the key of ${source.spec.name} back, and give it the permit for single mode`],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    if ('undo' in fence) await fence.undo(context)
    return {}
  },
  verify: async (context) => {
    const { source } = context
    const permits = await must(context, source, listPermits(source.spec))
    if (!permits.includes('single durable')) return notYet(`${source.spec.name}: the permit is not back yet`)
    return (await fileExists(context, source, signerPath(source.spec)))
      ? done({})
      : notYet(`${source.spec.name}: the key is not back yet`)
  },
  undo: () => Promise.resolve(),
}

/** The source's unit once a stop under way has ended; one that takes too long is ended by SIGKILL. */
async function stopped(context: StepContext): Promise<UnitState> {
  const { source } = context
  const look = async () => readUnit(await must(context, source, showUnit(source.spec.unit)))
  const settled = async () => {
    const unit = await look()
    return unit.active === 'deactivating' ? null : unit
  }
  const waits = { timeoutMs: stopMaxMs, everyMs: 200 }
  const unit = await until(context, waits, settled)
  if (unit !== null) return unit
  await must(context, source, killUnit(source.spec.unit))
  return (await until(context, waits, settled)) ?? look()
}

export const startSource: Step<'startSource'> = {
  name: 'startSource',
  plan: ({ source }) => [`start ${source.spec.unit} on ${source.spec.name} as the single sequencer`],
  /** The last look before one writer is started: no Raft process that could be part of a quorum. */
  precheck: async (context) => {
    await onReachable(context, context.peers, async (peer) => {
      const unit = readUnit(await must(context, peer, showUnit(peer.spec.unit)))
      if (isUp(unit))
        throw stuck(
          `${peer.spec.name}: ${peer.spec.unit} runs; ${context.source.spec.name} is not started beside it`,
        )
    })
  },
  apply: async (context) => {
    const { source } = context
    const heightBefore = context.facts.stopSource?.height ?? (await heightOf(context, source))
    const unit = await stopped(context)
    if (unit.active === 'failed') await must(context, source, resetFailed(source.spec.unit))
    if (unit.active !== 'active') await must(context, source, startUnit(source.spec.unit))
    return { heightBefore }
  },
  verify: async (context, measured) => {
    const { source } = context
    const unit = readUnit(await must(context, source, showUnit(source.spec.unit)))
    if (!isUp(unit)) return notYet(`${source.spec.name}: ${source.spec.unit} is ${unit.active}`)
    return done({ heightBefore: measured?.heightBefore ?? context.facts.stopSource?.height ?? null })
  },
  undo: () => Promise.resolve(),
}

export const seeBlock: Step<'seeBlock'> = {
  name: 'seeBlock',
  plan: ({ source }) => [
    `end the dead-man of ${source.spec.name}`,
    `wait for a new block of ${source.spec.name}`,
  ],
  precheck: () => Promise.resolve(),
  /** Not before: should evha die on the way back, it brings the old sequencer back in its stead. */
  apply: async (context) => {
    await must(context, context.source, endDeadMan(context.source.spec))
    return {}
  },
  verify: async (context) => {
    const { source } = context
    if (await fileExists(context, source, deadManFiles(source.spec).armed))
      return notYet(`${source.spec.name}: its dead-man is still armed`)
    let before = fact(context, 'startSource').heightBefore
    const height = await until(context, { timeoutMs: newBlockTimeoutMs, everyMs: 100 }, async () => {
      const now = await heightOf(context, source)
      before ??= now
      return now !== null && before !== null && now > before ? now : null
    })
    if (height === null)
      return notYet(`${source.spec.name}: no new block within ${newBlockTimeoutMs / 1000} s`)
    return done({ height, ...(await clientsBack(context, [source], height)) })
  },
  undo: () => Promise.resolve(),
}
