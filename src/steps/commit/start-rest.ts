import { changes, script } from '../../base/command.ts'
import { EvhaError } from '../../base/errors.ts'
import { must, onEach } from '../ask.ts'
import { endDeadMan } from '../dead-man/commands.ts'
import { putKeyBack } from '../host/key-aside.ts'
import { allowRaft } from '../host/permits.ts'
import { copyOver, fileExists, putAway } from '../host/swap.ts'
import { readUnit, reloadUnits, showUnit } from '../host/systemd.ts'
import { configPath, kept, permitDropInPath, staged, unitPath } from '../host/unit-files.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { guardDir } from '../window/stop-source.ts'
import { startPeer } from '../window/warm-peers.ts'
import { hostsNamed } from './start-quorum.ts'

export const startRest: Step<'startRest'> = {
  name: 'startRest',
  plan: ({ source }) => [
    'start the remaining peers, and enable the units of all',
    `swap the staged config and unit of ${source.spec.name} in, keep the old ones, put its key back, and start it as a member`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { equal } = fact(context, 'proveEqual')
    const rest = hostsNamed(context, equal)
    const both = await Promise.allSettled([
      onEach(rest, async (peer) => {
        // Enabling has systemd read all units anew, half a second: not while the chain stands still.
        await must(context, peer, allowRaft(peer.spec))
        await orLater(context, peer)
      }),
      // Where peers are lost it is the source that keeps the quorum: it joins to its end, whatever became of them.
      joinSource(context),
    ])
    for (const one of both) if (one.status === 'rejected') throw one.reason
    return {}
  },
  /** Right after the starts a member may be down, and is looked after next; after a crash it may never have been started. */
  verify: async (context, measured) => {
    const { equal } = fact(context, 'proveEqual')
    const members = [...hostsNamed(context, equal), context.source]
    const started: string[] = []
    for (const host of members) {
      const unit = readUnit(await must(context, host, showUnit(host.spec.unit)))
      if (unit.unitFileState !== 'enabled')
        return notYet(`${host.spec.name}: ${host.spec.unit} is not enabled yet; a reboot would not start it`)
      const isUp = unit.active === 'active' || unit.active === 'activating'
      if (!isUp && measured === undefined)
        return notYet(`${host.spec.name}: ${host.spec.unit} is ${unit.active}`)
      if (isUp) started.push(host.spec.name)
    }
    const { source } = context
    if (await fileExists(context, source, staged(source.spec).unit))
      return notYet(`${source.spec.name}: the staged unit was not swapped in`)
    return done({ started })
  },
  irreversible: 'the cluster produces; its members are only added to',
  keepsJournal: 'first',
}

/** node-1 becomes a member: old files kept, staged ones in, its key back, Raft permit, guard away, start. */
async function joinSource(context: StepContext): Promise<void> {
  const { source } = context
  const { spec } = source
  // It has lost the compare-and-set to the commit; here it only goes away.
  await must(context, source, endDeadMan(spec))
  await swapIn(context, source)
  await must(context, source, reloadUnits())
  await must(context, source, allowRaft(spec))
  // The guard last: whatever opens the store past the unit from here on finds the member's config, not the sequencer's.
  await context.hands.killDetached(source.remote, guardDir(context))
  await orLater(context, source)
}

/** A member that does not come up now may start by itself in a moment, or is healed by the next step: the others go on. */
async function orLater(context: StepContext, host: Host): Promise<void> {
  try {
    await startPeer(context, host)
  } catch (thrown) {
    context.signal.throwIfAborted()
    if (!(thrown instanceof EvhaError) || thrown.kind === 'unreachable') throw thrown
    context.tell(`${thrown.message}; the cluster goes on, and it is looked after next`)
  }
}

/** Each file: the old one is kept once, the staged one renamed into place. Repeated, it goes on where it stopped. */
async function swapIn(context: StepContext, source: Host): Promise<void> {
  const { spec } = source
  const from = staged(spec)
  const old = kept(spec)
  await must(context, source, copyOver(from.config, configPath(spec), old.config))
  // Whatever is started in this home from here on is a member: it may have the key.
  await must(context, source, putKeyBack(spec))
  await must(context, source, copyOver(from.dropIn, permitDropInPath(spec), null))
  // Their settings are part of the new unit now; left beside it they would count twice.
  for (const path of fact(context, 'check').sourceDropIns)
    await must(context, source, putAway(path, old.unit))
  // The unit last: verify takes its absence from the staging place as the sign that all three are in.
  await must(context, source, copyOver(from.unit, unitPath(spec), old.unit))
  await must(
    context,
    source,
    changes('bring the swap to the disk', script('sync "$1" "$2"', spec.paths.units, spec.paths.evha)),
  )
}
