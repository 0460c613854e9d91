import { must, onEach, stuck, until } from '../ask.ts'
import type { Started } from '../facts.ts'
import { eventsIn } from '../host/log.ts'
import { givePermit, takePermit } from '../host/permits.ts'
import { readStamp } from '../host/stamp.ts'
import { isUp, killUnit, readUnit, resetFailed, showUnit, startUnitTimed, stopUnit } from '../host/systemd.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'

const startTimeoutMs = 20_000

/** The peers that are started before the point of no return: one less than a quorum, all with proved content. */
export function warmSet(context: StepContext): Host[] {
  const { equal } = fact(context, 'proveEqual')
  return context.peers.filter((peer) => equal.includes(peer.spec.name)).slice(0, context.quorum - 1)
}

export const warmPeers: Step<'warmPeers'> = {
  name: 'warmPeers',
  plan: ({ quorum }) => [
    `start ${quorum - 1} peers in Raft mode with permits that a reboot takes; they are no quorum and produce nothing`,
  ],
  precheck: async (context) => {
    await onEach(warmSet(context), async (peer) => {
      const stamp = await must(context, peer, readStamp(peer.spec))
      if (stamp !== fact(context, 'smoke').stamp)
        throw stuck(`${peer.spec.name}: its Raft directory is not the one that was bootstrapped for this run`)
    })
  },
  apply: async (context) => {
    const started = await onEach(warmSet(context), async (peer) => {
      await must(context, peer, givePermit(peer.spec, 'raft', 'volatile'))
      return startPeer(context, peer)
    })
    return { started }
  },
  verify: async (context, measured) => {
    const warm = warmSet(context)
    if (measured?.started === undefined) return notYet('the start of the warm nodes was not seen')
    for (const peer of warm) {
      const unit = readUnit(await must(context, peer, showUnit(peer.spec.unit)))
      if (unit.active !== 'active' || unit.invocation !== measured.started[peer.spec.name]?.invocation)
        return notYet(`${peer.spec.name}: the warm node did not stay up (${unit.active}, ${unit.result})`)
    }
    return done({ warm: warm.map((peer) => peer.spec.name), started: measured.started })
  },
  undo: async (context) => {
    await onEach(context.peers, async (peer) => {
      await must(context, peer, takePermit(peer.spec, 'raft'))
      await stopForGood(context, peer)
    })
  },
}

/** Starts a peer and waits until its Raft part says it started from the directory that was kept. */
export async function startPeer(context: StepContext, peer: Host): Promise<Started> {
  const { unit } = peer.spec
  const before = readUnit(await must(context, peer, showUnit(unit)))
  if (before.active === 'failed') await must(context, peer, resetFailed(unit))
  const startedAtMs = Number(await must(context, peer, startUnitTimed(unit)))
  const onPaper = { invocation: '', startedAtMs, raftStartedAtMs: startedAtMs }
  const seen = await until(context, { timeoutMs: startTimeoutMs, everyMs: 100, onPaper }, async () => {
    const state = readUnit(await must(context, peer, showUnit(unit)))
    const events = await eventsIn(context, peer, state.invocation)
    const fatal = events.find((event) => event.kind === 'fatal')
    if (fatal?.kind === 'fatal') throw stuck(`${peer.spec.name}: the node exited: ${fatal.error}`)
    const raft = events.find((event) => event.kind === 'raftStarted')
    if (raft === undefined) return null
    return { invocation: state.invocation, startedAtMs, raftStartedAtMs: raft.atMs ?? startedAtMs }
  })
  if (seen === null)
    throw stuck(`${peer.spec.name}: the node did not start Raft within ${startTimeoutMs / 1000} s`)
  return seen
}

/** Stops a unit and proves it stopped; SIGKILL is fine where nothing but a copy can be lost. */
export async function stopForGood(context: StepContext, host: Host): Promise<void> {
  const { unit } = host.spec
  const state = readUnit(await must(context, host, showUnit(unit)))
  if (!isUp(state)) return
  const stopped = await host.remote.run(stopUnit(unit, 20_000), context.signal)
  if (stopped.kind === 'unknown') await must(context, host, killUnit(unit))
  const down = await until(context, { timeoutMs: 10_000, everyMs: 200 }, async () =>
    isUp(readUnit(await must(context, host, showUnit(unit)))) ? null : true,
  )
  if (down === null) throw stuck(`${host.spec.name}: ${unit} does not stop`)
}
