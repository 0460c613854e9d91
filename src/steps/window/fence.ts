import { must, stuck, until } from '../ask.ts'
import { headOf } from '../chain/head.ts'
import { putKeyBack, setKeyAside } from '../host/key-aside.ts'
import { type HostLook, lookAt } from '../host/look.ts'
import { givePermit, takePermit } from '../host/permits.ts'
import { fileExists } from '../host/swap.ts'
import { readUnit, showUnit } from '../host/systemd.ts'
import { permitDropInPath, signerPath } from '../host/unit-files.ts'
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
    `set its key aside, beside its place: whatever starts the node past its unit finds none, after a reboot too`,
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
    const { source } = context
    await must(context, source, takePermit(source.spec, 'single'))
    await must(context, source, setKeyAside(source.spec))
    return undefined
  },
  verify: async (context) => {
    const { source } = context
    const key = signerPath(source.spec)
    const [looked, isInPlace] = await Promise.all([lookAt(context, source), fileExists(context, source, key)])
    const open = notFencedIn(source, looked)
    if (open !== null) return notYet(open)
    if (isInPlace) return notYet(`${source.spec.name}: the key is still at ${key}`)
    const { unit } = looked
    if (unit.active !== 'active') return notYet(`${source.spec.name}: ${source.spec.unit} is ${unit.active}`)
    const noted = await until(context, { timeoutMs: 5_000, everyMs: 50 }, () => headOf(context, source))
    if (noted === null) return notYet(`${source.spec.name}: its RPC tells no head`)
    return done({ noted, invocation: unit.invocation })
  },
  undo: async (context) => {
    const { source } = context
    // The key first: by its permit systemd may start the unit at any moment.
    await must(context, source, putKeyBack(source.spec))
    await must(context, source, givePermit(source.spec, 'single', 'durable'))
  },
}
