import { median } from '../../base/median.ts'
import { replayBeginsMs } from '../../evnode/execution.ts'
import type { LastPass } from '../facts.ts'
import { fact, type StepContext } from '../step.ts'

/** The parts of the gap in their order, and the words for them. */
export const windowParts = {
  block: 'last block to stop',
  stop: 'stop',
  height: 'height and guard',
  sync: 'sync',
  proof: 'proof',
  warm: 'warm',
  decision: 'decision',
  replay: 'replay of what the execution clients lack',
  produce: 'last start to first block',
} as const
export type PartName = keyof typeof windowParts
const partNames = Object.keys(windowParts) as readonly PartName[]

/** How long the parts of one window took, ms; a part that was not come to is absent. */
export type WindowTimes = Readonly<Partial<Record<PartName, number>>>

/** Windows that this workstation has seen, of nodes of the same kind, the newest first. */
export interface SeenWindows {
  readonly times: readonly WindowTimes[]
  /** What a block took to be replayed to an execution client, ms, of each run that saw it; absent where none did. */
  readonly replayMsPerBlock?: readonly number[]
  readonly from: Source
}

/** Where a figure comes from: a rehearsal, this run or an earlier one on these hosts, or what is usual for the node. */
export type Source = 'rehearsal' | 'measured here' | 'earlier run' | 'default'

/** One part of the window: what it will take, and where the figure comes from. */
export interface Part {
  readonly name: PartName
  readonly p50Ms: number
  readonly p95Ms: number
  readonly source: Source
}

/** What was measured while the gate was weighed. */
export interface JustMeasured {
  /** One round over all hosts. */
  readonly roundMs: number
  readonly pass: Pick<LastPass, 'lastPassMs' | 'manifestMs'>
  /** On a chain with execution clients: what the one that lacks most has to make up for. */
  readonly replay?: Replay
}

export interface Replay {
  readonly blocks: number
  /** The usual pace. */
  readonly msPerBlock: number
  /** That of the slowest client; absent where an evha told it that did not know it apart. */
  readonly slowMsPerBlock?: number
  /** Who saw that pace. */
  readonly source: Source
}

/**
 * Where nothing was measured. The node: a stop of 0.1 to 1.8 s, and from the last start to the first block 2.9 to 4.6 s at
 * blocks of 1 s, of which up to two are block times (evnode.md A2, docs/real-node.md). The rest: what evha's own work takes.
 */
function usual(
  blockTimeMs: number,
): Readonly<Record<Exclude<PartName, 'replay'>, readonly [p50Ms: number, p95Ms: number]>> {
  return {
    block: [120, 120 + blockTimeMs / 2],
    stop: [350, 1_800],
    height: [250, 900],
    sync: [200, 600],
    proof: [100, 300],
    warm: [700, 1_500],
    decision: [250, 700],
    produce: [1_600 + 1.5 * blockTimeMs, 2_600 + 2 * blockTimeMs],
  }
}

/** The window, part by part. Its sum is the gap that is predicted: last old block to first cluster block. */
export function predictWindow(
  context: Pick<StepContext, 'facts' | 'seen'>,
  { roundMs, pass, replay }: JustMeasured,
): readonly Part[] {
  const smoke = fact(context, 'smoke')
  const defaults = usual(fact(context, 'check').blockTimeMs)
  const measured: Partial<Record<PartName, number>> = {
    // The last pass of the seeding was of the same kind as the window's: little to list, little to move.
    sync: pass.lastPassMs,
    proof: pass.manifestMs,
    warm: Math.max(...Object.values(smoke.startMs)),
    // The round itself, the change of the decision file, the permits, the start: about a round each.
    decision: 4 * roundMs,
  }
  return partNames.flatMap((name): Part | readonly Part[] => {
    if (name === 'replay') return replay === undefined ? [] : replayPart(replay)
    const fresh = measured[name]
    const seen = context.seen.find(({ times }) => times.some((one) => one[name] !== undefined))
    // The node's own parts are of one kind on one set of hosts; what depends on the data is measured now.
    if (seen !== undefined && (fresh === undefined || name === 'warm' || name === 'decision'))
      return { name, ...spread(seen.times.flatMap((one) => one[name] ?? [])), source: seen.from }
    if (fresh !== undefined)
      return { name, p50Ms: fresh, p95Ms: Math.round(fresh * 1.5) + 200, source: 'measured here' }
    const [p50Ms, p95Ms] = defaults[name]
    return { name, p50Ms, p95Ms, source: 'default' }
  })
}

/** The parts with what is left to replay in the place of what was foretold of it: the chain stands still, so it is known. */
export const withReplayLeft = (parts: readonly Part[], replay: Replay | undefined): readonly Part[] =>
  replay === undefined
    ? parts
    : parts.map((part) => (part.name === 'replay' ? { ...part, p50Ms: replayMs(replay) } : part))

/** What the chain waits for its leader. */
export const replayMs = ({ blocks, msPerBlock }: Pick<Replay, 'blocks' | 'msPerBlock'>) =>
  blocks === 0 ? 0 : Math.round(replayBeginsMs + blocks * msPerBlock)

/** At most so much, where not every client lacks as many. */
export const replayInWords = (replay: Replay) =>
  replay.blocks === 0
    ? 'nothing'
    : `${replay.blocks} blocks at most, about ${seconds(replayMs(replay))} (${replay.source})`

/** The chain goes on between the look and the stop, and its last block may not have come to every client. */
const replayMoreMax = 2
/** A slow replay is at least so much slower than the usual one. */
const slowerMin = 1.2

function replayPart(replay: Replay): Part {
  const { blocks, msPerBlock, slowMsPerBlock = msPerBlock, source } = replay
  const slowMs = Math.max(slowMsPerBlock, slowerMin * msPerBlock)
  return {
    name: 'replay',
    p50Ms: replayMs(replay),
    p95Ms: Math.round(replayBeginsMs + (blocks + replayMoreMax) * slowMs),
    source,
  }
}

/** The median, and as p95 what a few samples allow to say: no less than the worst of them, and half as much again as the median. */
function spread(samples: readonly number[]): { p50Ms: number; p95Ms: number } {
  const p50Ms = median(samples)
  return { p50Ms, p95Ms: Math.round(Math.max(p50Ms * 1.5, ...samples)) + 100 }
}

export const sumP50 = (parts: readonly Part[]) => parts.reduce((sum, part) => sum + part.p50Ms, 0)

/** The parts are late independently of each other, so their lateness adds up by its squares. */
export function sumP95(parts: readonly Part[]): number {
  const late = parts.reduce((sum, { p50Ms, p95Ms }) => sum + (p95Ms - p50Ms) ** 2, 0)
  return Math.round(sumP50(parts) + Math.sqrt(late))
}

export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
