import { onReachable } from '../abort/reach.ts'
import { must, stuck } from '../ask.ts'
import { listPermits, takePermit } from '../host/permits.ts'
import { disableUnit, isUp, readUnit, showUnit } from '../host/systemd.ts'
import { done, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { stopForGood } from '../window/warm-peers.ts'

const noWayBack = 'the cluster is being taken down; a crash in the middle is gone on with by `evha resume`'

export const stopAll: Step<'stopAll'> = {
  name: 'stopAll',
  plan: ({ nodes }) => [`stop ${nodes.length} nodes and prove them stopped`],
  precheck: () => Promise.resolve(),
  apply: (context) => onReachable(context, context.nodes, (host) => stopForGood(context, host)),
  verify: async (context) => {
    const up: string[] = []
    const reached = await onReachable(context, context.nodes, async (host) => {
      if (isUp(readUnit(await must(context, host, showUnit(host.spec.unit))))) up.push(host.spec.name)
    })
    return up.length === 0 ? done(reached) : notYet(`${up.join(', ')}: the node still runs`)
  },
  irreversible: noWayBack,
}

/** Stopped, permit gone, disabled: so many members that no quorum can form, not even after a reboot. */
export const forbidRaft: Step<'forbidRaft'> = {
  name: 'forbidRaft',
  plan: (context) => [`take permit and enablement from at least ${membersToForbid(context)} members`],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    await onReachable(context, context.nodes, async (host) => {
      await must(context, host, takePermit(host.spec, 'raft'))
      const unit = readUnit(await must(context, host, showUnit(host.spec.unit)))
      if (unit.unitFileState === 'enabled') await must(context, host, disableUnit(host.spec.unit))
    })
    return undefined
  },
  verify: async (context) => {
    const forbidden: string[] = []
    await onReachable(context, context.nodes, async (host) => {
      if (await isForbidden(context, host)) forbidden.push(host.spec.name)
    })
    if (forbidden.length < membersToForbid(context))
      return notYet(
        `only ${forbidden.length} members are forbidden to run Raft, ${membersToForbid(context)} are needed`,
      )
    return done({ forbidden: forbidden.sort() })
  },
  irreversible: noWayBack,
}

/** n - q + 1: what is left is less than a quorum. */
export const membersToForbid = ({ nodes, quorum }: Pick<StepContext, 'nodes' | 'quorum'>) =>
  nodes.length - quorum + 1

async function isForbidden(context: StepContext, host: Host): Promise<boolean> {
  const permits = await must(context, host, listPermits(host.spec))
  const unit = readUnit(await must(context, host, showUnit(host.spec.unit)))
  return !permits.includes('raft') && !isUp(unit) && unit.unitFileState !== 'enabled'
}

/** Before anything moves or a single sequencer starts: the cluster can not come back. */
export async function mustBeForbidden(context: StepContext): Promise<void> {
  const verdict = await forbidRaft.verify(context)
  if (!verdict.done) throw stuck(verdict.why)
}
