import { must, stuck, until } from '../ask.ts'
import { headOf } from '../chain/head.ts'
import { type HostLook, lookAt } from '../host/look.ts'
import { givePermit, takePermit } from '../host/permits.ts'
import { readUnit, showUnit } from '../host/systemd.ts'
import { permitDropInPath } from '../host/unit-files.ts'
import { done, type Host, notYet, type Step } from '../step.ts'

/** Why the unit of this host could still be started as a single sequencer, from a look at it; null when it can not. */
export function notFencedIn({ spec }: Host, { permits, unit }: HostLook): string | null {
  if (permits.includes('single')) return `${spec.name}: the permit for single mode still stands`
  if (!unit.dropIns.includes(permitDropInPath(spec)))
    return `${spec.name}: systemd has not loaded the drop-in that asks for the permit`
  if (unit.needsReload) return `${spec.name}: a unit file of ${spec.unit} changed after systemd read it`
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
    const looked = await lookAt(context, source)
    const open = notFencedIn(source, looked)
    if (open !== null) return notYet(open)
    const { unit } = looked
    if (unit.active !== 'active') return notYet(`${source.spec.name}: ${source.spec.unit} is ${unit.active}`)
    const noted = await until(context, { timeoutMs: 5_000, everyMs: 50 }, () => headOf(context, source))
    if (noted === null) return notYet(`${source.spec.name}: its RPC tells no head`)
    return done({ noted, invocation: unit.invocation })
  },
  undo: async (context) => {
    await must(context, context.source, givePermit(context.source.spec, 'single', 'durable'))
  },
}
