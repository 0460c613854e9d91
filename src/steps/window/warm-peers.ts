import { raftStartedText, readLog } from '../../evnode/logs.ts'
import { ask, must, onEach, stuck, until } from '../ask.ts'
import { clientOf } from '../chain/execution.ts'
import { measureOnce } from '../commit/round.ts'
import { disarmDeadMan } from '../dead-man/commands.ts'
import type { Started } from '../facts.ts'
import { clientIsDriven } from '../host/beside.ts'
import { parts, showUnitAndLog } from '../host/look.ts'
import { type Lasting, takePermit } from '../host/permits.ts'
import { otherStamp, startMember } from '../host/start-member.ts'
import { syncStore } from '../host/store.ts'
import { isUp, killUnit, readUnit, showUnit, stopUnit } from '../host/systemd.ts'
import { storeTree } from '../host/tree.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { warmUpUnit } from '../warm-up/place.ts'
import { keyOf } from './arm.ts'
import { seeHeight } from './see-height.ts'

const startTimeoutMs = 20_000

/** The peers that are started before the point of no return: one less than a quorum, all with proved content. */
export function warmSet(context: StepContext): Host[] {
  const { equal } = fact(context, 'proveEqual')
  return context.peers.filter((peer) => equal.includes(peer.spec.name)).slice(0, context.quorum - 1)
}

/** The peers that run nothing before the decision: their dead-men have nothing to end. */
function resting(context: StepContext): Host[] {
  const warm = warmSet(context)
  return context.peers.filter((peer) => !warm.includes(peer))
}

export const warmPeers: Step<'warmPeers'> = {
  name: 'warmPeers',
  plan: ({ quorum }) => [
    `start ${quorum - 1} peers in Raft mode with permits that a reboot takes; they are no quorum and produce nothing`,
    'ask a copy that rests for its height: the store, too, has to end with the block that the log of the stop named',
    'disarm the dead-men of the other peers, for good: they have nothing to end before the decision, and may end no member after it',
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { attempt, onPaper, fresh } = context
    const { stamp } = fact(context, 'smoke')
    delete fresh.warm
    const up: Record<string, Started> = {}
    const begun = await onEach(warmSet(context), (peer) =>
      begin(context, peer, { permit: 'volatile', stamp }),
    )
    const rounds = onPaper ? null : roundsMeanwhile(context, up)
    const seeUp = onEach(warmSet(context), async (peer) => {
      up[peer.spec.name] = await seenUp(context, peer, begun[peer.spec.name])
    })
    // What the last pass wrote; it has to be on the disk by the decision. The nodes take their time to start, and went first.
    const bringToDisk = onEach(context.peers, (peer) => must(context, peer, syncStore(storeTree(peer.spec))))
    // Nothing runs on the others before the decision, and one of them starts right after it.
    const letBe = onEach(resting(context), (peer) =>
      must(context, peer, disarmDeadMan(peer.spec, keyOf(context))),
    )
    await Promise.all([seeUp, bringToDisk, letBe, seeHeight(context, resting(context))]).finally(() =>
      rounds?.end(),
    )
    const roundAtMs = rounds?.lastAtMs() ?? null
    if (roundAtMs !== null) fresh.warm = { attempt, roundAtMs }
    return { started: up }
  },
  verify: async (context, measured) => {
    const warm = warmSet(context)
    if (measured?.started === undefined) return notYet('the start of the warm nodes was not seen')
    // That they stay up is seen by the round over all hosts, which comes next and once more before the decision.
    return Promise.resolve(done({ warm: warm.map((peer) => peer.spec.name), started: measured.started }))
  },
  undo: async (context) => {
    await onEach(context.peers, async (peer) => {
      await must(context, peer, takePermit(peer.spec, 'raft'))
      await stopForGood(context, peer)
    })
  },
}

/** From the end of one round to the next: one that is whole is young when the warm nodes are up, however long they take. */
const roundPauseMs = 500

interface Rounds {
  /** When the last whole round began, epoch ms; null when there was none, or something did not hold in it. */
  lastAtMs(): number | null
  /** No further one begins. */
  end(): void
}

/**
 * The round over all hosts that the decision rests on, again and again while the warm nodes take their time. Those that
 * are `up` are looked at with the rest; the others are seen up by whoever starts them, after it. Where something does
 * not hold, the gate measures anew, and says what.
 */
function roundsMeanwhile(context: StepContext, up: Readonly<Record<string, Started>>): Rounds {
  const set = warmSet(context)
  const warm = {
    warm: set.map(({ spec }) => spec.name),
    started: up,
    isComing: (name: string) => up[name] === undefined,
  }
  let lastAtMs: number | null = null
  let isOver = false
  const rounds = async (): Promise<void> => {
    while (!isOver) {
      const beganMs = context.now()
      const held = await measureOnce(context, warm).then(
        () => true,
        () => false,
      )
      if (isOver) return
      lastAtMs = held ? beganMs : null
      await context.sleep(roundPauseMs)
    }
  }
  // Its sleep ends early with the step; who starts the nodes tells of that.
  rounds().catch(() => undefined)
  return {
    lastAtMs: () => lastAtMs,
    end: () => {
      isOver = true
    },
  }
}

/** How to start a member. */
export interface StartOptions {
  /** The Raft permit to give it first; none where it has one. */
  readonly permit?: Lasting
  /** The stamp its Raft directory must have. */
  readonly stamp?: string
}

/**
 * No look before a part of the time that the node took in its trial start: looking costs the host, too. A part only, as in the
 * trial all hosts start at once and here a few: on two cores a third of it was seen.
 */
const firstLookShare = 0.25
const firstLookMaxMs = 600

/** The host itself looks again and again: that is sooner seen than by asking each time. */
const untilRaftStarts = { text: raftStartedText, looksMax: 30 }

const beforeFirstLookMs = ({ facts }: StepContext, { spec }: Host) =>
  Math.min(firstLookMaxMs, (facts.smoke?.startMs[spec.name] ?? 0) * firstLookShare)

/** Starts a member and waits until its Raft part says it started from the directory that was kept. */
export async function startPeer(
  context: StepContext,
  peer: Host,
  options: StartOptions = {},
): Promise<Started> {
  return seenUp(context, peer, await begin(context, peer, options))
}

/** When a member was started, by its host's clock and by ours. */
type Begun = Pick<Started, 'startedAtMs' | 'startedHereMs'>

async function begin(context: StepContext, peer: Host, options: StartOptions): Promise<Begun> {
  const { name, unit } = peer.spec
  const beside = clientOf(context, peer) === null ? '' : warmUpUnit(peer.spec)
  const asked = await ask(context, peer, startMember(peer.spec, { ...options, beside }))
  if (asked.exitCode === otherStamp)
    throw stuck(`${name}: its Raft directory is not the one that was bootstrapped for this run`)
  if (asked.exitCode === clientIsDriven)
    throw stuck(`${name}: ${beside} still drives its execution client; two nodes would drive it to two heads`)
  if (asked.exitCode !== 0)
    throw stuck(
      `${name}: start ${unit}: exit ${asked.exitCode}: ${asked.stderr.trim().split('\n').at(-1) ?? ''}`,
    )
  return { startedAtMs: Number(asked.stdout), startedHereMs: context.now() }
}

/** Waits until the Raft part of a member that was started says so. */
async function seenUp(context: StepContext, peer: Host, begun: Begun | undefined): Promise<Started> {
  const { name, unit } = peer.spec
  const { startedAtMs = 0, startedHereMs } = begun ?? {}
  const onPaper = { invocation: '', startedAtMs, raftStartedAtMs: startedAtMs }
  if (!context.onPaper) await context.sleep(beforeFirstLookMs(context, peer))
  const seen = await until(context, { timeoutMs: startTimeoutMs, everyMs: 30, onPaper }, async () => {
    const [shown = '', log = ''] = parts(await must(context, peer, showUnitAndLog(unit, untilRaftStarts)), 2)
    const state = readUnit(shown)
    const events = readLog(log)
    const fatal = events.find((event) => event.kind === 'fatal')
    if (fatal?.kind === 'fatal') throw stuck(`${name}: the node exited: ${fatal.error}`)
    const raft = events.find((event) => event.kind === 'raftStarted')
    if (raft === undefined || state.active !== 'active') return null
    return {
      invocation: state.invocation,
      startedAtMs,
      ...(startedHereMs === undefined ? {} : { startedHereMs }),
      raftStartedAtMs: raft.atMs ?? startedAtMs,
    }
  })
  if (seen === null) throw stuck(`${name}: the node did not start Raft within ${startTimeoutMs / 1000} s`)
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
