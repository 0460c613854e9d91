import { must, stuck, until } from '../ask.ts'
import { heightOf } from '../chain/head.ts'
import { digests, readDigests } from '../host/files.ts'
import { listPermits } from '../host/permits.ts'
import { isUp, readUnit, resetFailed, showUnit, startUnit } from '../host/systemd.ts'
import { configPath } from '../host/unit-files.ts'
import { done, fact, notYet, type Step } from '../step.ts'
import { fence } from '../window/fence.ts'
import { onReachable } from './reach.ts'

const newBlockTimeoutMs = 60_000

export const checkConfigs: Step<'checkConfigs'> = {
  name: 'checkConfigs',
  plan: ({ source }) => [`compare config and unit of ${source.spec.name} with what check saw`],
  precheck: () => Promise.resolve(),
  apply: () => Promise.resolve({}),
  verify: async (context) => {
    const { source } = context
    const seen = fact(context, 'check')
    const files = [configPath(source.spec), seen.sourceUnitFile]
    const now = readDigests(await must(context, source, digests(files)))
    const wanted = [seen.sourceConfigSha256, seen.sourceUnitSha256]
    const changed = files.filter((file, i) => now.get(file) !== wanted[i])
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
  plan: ({ source }) => [`give ${source.spec.name} the permit for single mode back`],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    if ('undo' in fence) await fence.undo(context)
    return {}
  },
  verify: async (context) => {
    const { source } = context
    const permits = await must(context, source, listPermits(source.spec))
    return permits.includes('single durable')
      ? done({})
      : notYet(`${source.spec.name}: the permit is not back yet`)
  },
  undo: () => Promise.resolve(),
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
    const unit = readUnit(await must(context, source, showUnit(source.spec.unit)))
    if (unit.active === 'failed') await must(context, source, resetFailed(source.spec.unit))
    // A start waits for a stop that is still under way.
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
  plan: ({ source }) => [`wait for a new block of ${source.spec.name}`],
  precheck: () => Promise.resolve(),
  apply: () => Promise.resolve({}),
  verify: async (context) => {
    const { source } = context
    let before = fact(context, 'startSource').heightBefore
    const height = await until(context, { timeoutMs: newBlockTimeoutMs, everyMs: 100 }, async () => {
      const now = await heightOf(context, source)
      before ??= now
      return now !== null && before !== null && now > before ? now : null
    })
    return height === null
      ? notYet(`${source.spec.name}: no new block within ${newBlockTimeoutMs / 1000} s`)
      : done({ height })
  },
  undo: () => Promise.resolve(),
}
