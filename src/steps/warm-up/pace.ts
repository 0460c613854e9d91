import type { LogEvent } from '../../evnode/logs.ts'

/** Fewer blocks say nothing of the pace. */
const blocksMin = 20

/** What a block takes, ms. */
export interface Pace {
  /** Where nothing else is in the way, as when a node replays from its own store. */
  readonly usualMs: number
  /** With what came in between while a full node caught up. */
  readonly slowMs: number
}

/**
 * While a full node caught up, by its own log; null where that shows too little of it. It fetches and checks blocks meanwhile and
 * waits for some, all of which only adds: so what is usual is the lower decile, and slow the median. What comes half a block
 * time and more after the one before is most likely made just then, and what comes in the same millisecond was none of its work: both are left out.
 */
export function paceInLog(events: readonly LogEvent[], blockTimeMs: number): Pace | null {
  const took = events
    .flatMap((event) =>
      event.kind === 'syncing' && event.atMs !== undefined
        ? [{ height: event.height, atMs: event.atMs }]
        : [],
    )
    .flatMap(({ height, atMs }, k, all) => {
      const before = all[k - 1]
      return before !== undefined && before.height === height - 1 ? [atMs - before.atMs] : []
    })
    .filter((ms) => ms > 0 && ms < blockTimeMs / 2)
    .toSorted((a, b) => a - b)
  const usualMs = took[Math.floor(took.length / 10)]
  const slowMs = took[Math.floor(took.length / 2)]
  if (took.length < blocksMin || usualMs === undefined || slowMs === undefined) return null
  // Nearer to the block time the slow half would be cut off.
  return slowMs > blockTimeMs / 4 ? null : { usualMs, slowMs }
}
