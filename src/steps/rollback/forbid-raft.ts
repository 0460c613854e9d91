import { onReachable } from '../abort/reach.ts'
import { must, stuck } from '../ask.ts'
import { removeDeadMan } from '../dead-man/commands.ts'
import { deadManFiles } from '../dead-man/place.ts'
import type { Facts } from '../facts.ts'
import { setKeyAside } from '../host/key-aside.ts'
import { listPermits, takePermit } from '../host/permits.ts'
import { fileExists } from '../host/swap.ts'
import { disableUnit, isUp, readUnit, showUnit } from '../host/systemd.ts'
import { signerPath } from '../host/unit-files.ts'
import { done, type Host, notYet, type Step, type StepContext, type Verdict } from '../step.ts'
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
  keepsJournal: 'first',
}

/** Stopped, permit gone, disabled: so many members that no quorum can form, not even after a reboot. */
export const forbidRaft: Step<'forbidRaft'> = {
  name: 'forbidRaft',
  plan: (context) => [
    `set the key of ${context.source.spec.name} aside: whatever starts it past its unit while stores are read signs nothing`,
    `take permit and enablement from at least ${membersToForbid(context)} members, and stop what came up again`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source } = context
    await must(context, source, setKeyAside(source.spec))
    await onReachable(context, context.nodes, async (host) => {
      // The commit has won against it; after a rollback there is nothing left for it to bring back.
      await must(context, host, removeDeadMan(host.spec))
      await must(context, host, takePermit(host.spec, 'raft'))
      const unit = readUnit(await must(context, host, showUnit(host.spec.unit)))
      if (unit.unitFileState === 'enabled') await must(context, host, disableUnit(host.spec.unit))
      // A host that came back since the stop may have started its node while the permit stood.
      await stopForGood(context, host)
    })
    // It gets this permit back at the very end; one that a broken-off rollback gave would start it too early.
    await must(context, source, takePermit(source.spec, 'single'))
    return undefined
  },
  verify: async (context) => {
    const looked = await lookForbidden(context)
    if (!looked.done) return looked
    const { source } = context
    if (await fileExists(context, source, deadManFiles(source.spec).armed))
      return notYet(
        `${source.spec.name}: its dead-man is still armed; it would start the old sequencer in between`,
      )
    if (await fileExists(context, source, signerPath(source.spec)))
      return notYet(`${source.spec.name}: its key is still in its place`)
    const permits = await must(context, source, listPermits(source.spec))
    return permits.includes('single')
      ? notYet(`${source.spec.name}: the permit for single mode still stands`)
      : looked
  },
  irreversible: noWayBack,
  keepsJournal: 'first',
}

/** Counts the members that are forbidden; the one that goes on alone must be among them. */
async function lookForbidden(context: StepContext): Promise<Verdict<Facts['forbidRaft']>> {
  const forbidden: string[] = []
  await onReachable(context, context.nodes, async (host) => {
    if (await isForbidden(context, host)) forbidden.push(host.spec.name)
  })
  if (forbidden.length < membersToForbid(context))
    return notYet(
      `only ${forbidden.length} members are forbidden to run Raft, ${membersToForbid(context)} are needed`,
    )
  const source = context.source.spec.name
  if (!forbidden.includes(source)) return notYet(`${source}: it is not forbidden to run Raft`)
  return done({ forbidden: forbidden.sort() })
}

/** n - q + 1: what is left is less than a quorum. */
export const membersToForbid = ({ nodes, quorum }: Pick<StepContext, 'nodes' | 'quorum'>) =>
  nodes.length - quorum + 1

async function isForbidden(context: StepContext, host: Host): Promise<boolean> {
  const permits = await must(context, host, listPermits(host.spec))
  const unit = readUnit(await must(context, host, showUnit(host.spec.unit)))
  if (permits.includes('raft')) return false
  // With this permit it goes on alone already; it may be enabled and run.
  return permits.includes('single') || (!isUp(unit) && unit.unitFileState !== 'enabled')
}

/** Before anything moves or a single sequencer starts: the cluster can not come back. */
export async function mustBeForbidden(context: StepContext): Promise<void> {
  const verdict = await lookForbidden(context)
  if (!verdict.done) throw stuck(verdict.why)
}
