import type { LogEvent } from '../../evnode/logs.ts'

/** Fewer blocks say nothing of the pace. */
const blocksMin = 20

/**
 * ms for a block while a full node caught up, by its own log; null where that shows too little of it. The median: now and
 * then a full node waits for a block to come to it, which one that replays from its own store does not. What comes half a
 * block time and more after the one before is most likely made just then, and is left out.
 */
export function paceInLog(events: readonly LogEvent[], blockTimeMs: number): number | null {
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
    .filter((ms) => ms >= 0 && ms < blockTimeMs / 2)
    .toSorted((a, b) => a - b)
  const median = took[Math.floor(took.length / 2)]
  // Nearer to the block time the slow half would be cut off.
  return took.length < blocksMin || median === undefined || median > blockTimeMs / 4 ? null : median
}
