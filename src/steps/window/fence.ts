import { must, stuck, until } from '../ask.ts'
import { headOf } from '../chain/head.ts'
import { givePermit, listPermits, takePermit } from '../host/permits.ts'
import { readUnit, showUnit } from '../host/systemd.ts'
import { permitDropInPath } from '../host/unit-files.ts'
import { done, type Host, notYet, type Step, type StepContext } from '../step.ts'

/** Why the unit of this host could still be started as a single sequencer; null when it can not. */
export async function whyNotFenced(context: StepContext, host: Host): Promise<string | null> {
  const [permits, shown] = await Promise.all([
    must(context, host, listPermits(host.spec)),
    must(context, host, showUnit(host.spec.unit)),
  ])
  if (permits.includes('single')) return `${host.spec.name}: the permit for single mode still stands`
  const unit = readUnit(shown)
  if (!unit.dropIns.includes(permitDropInPath(host.spec)))
    return `${host.spec.name}: systemd has not loaded the drop-in that asks for the permit`
  if (unit.needsReload)
    return `${host.spec.name}: a unit file of ${host.spec.unit} changed after systemd read it`
  return null
}

export const fence: Step<'fence'> = {
  name: 'fence',
  plan: ({ source }) => [
    `take the single permit of ${source.spec.unit} on ${source.spec.name}: the running process stays, but no start succeeds any more`,
  ],
  precheck: async (context) => {
    const { source } = context
    const unit = readUnit(await must(context, source, showUnit(source.spec.unit)))
    if (!unit.dropIns.includes(permitDropInPath(source.spec)))
      throw stuck(
        `${source.spec.name}: the drop-in that asks for the permit is gone from ${source.spec.unit}`,
      )
  },
  apply: async (context) => {
    await must(context, context.source, takePermit(context.source.spec, 'single'))
    return undefined
  },
  verify: async (context) => {
    const { source } = context
    const [open, shown] = await Promise.all([
      whyNotFenced(context, source),
      must(context, source, showUnit(source.spec.unit)),
    ])
    if (open !== null) return notYet(open)
    const unit = readUnit(shown)
    if (unit.active !== 'active') return notYet(`${source.spec.name}: ${source.spec.unit} is ${unit.active}`)
    const noted = await until(context, { timeoutMs: 5_000, everyMs: 50 }, () => headOf(context, source))
    if (noted === null) return notYet(`${source.spec.name}: its RPC tells no head`)
    return done({ noted, invocation: unit.invocation })
  },
  undo: async (context) => {
    await must(context, context.source, givePermit(context.source.spec, 'single', 'durable'))
  },
}
