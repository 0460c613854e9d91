import { EvhaError } from '../base/errors.ts'
import type { JournalContent } from './read-journal.ts'
import type { JournalRecord } from './record.ts'

/** A whole copy of one run's journal, and where it lies. */
export interface Copy {
  /** A host's name; null for the one of this workstation. */
  readonly host: string | null
  readonly content: Pick<JournalContent, 'records' | 'lines'>
}

/** The epoch in which a journal was written last; 0 before the first lease. */
export function epochOf(records: readonly JournalRecord[]): number {
  const last = records.findLast((record) => record.type === 'lease')
  return last?.type === 'lease' ? last.epoch : 0
}

/**
 * The copy that a run goes on from. `copies` must hold those of a majority of the hosts: whatever a majority has
 * acknowledged stands in at least one of them. The highest epoch wins, then the longest chain; two of one epoch that
 * went different ways can only come from another hand, and then a majority must stand behind one of them.
 * Throws EvhaError 'contradiction' when none does.
 */
export function chooseCopy(copies: readonly Copy[], quorum: number): Copy | null {
  const epoch = Math.max(0, ...copies.map((copy) => epochOf(copy.content.records)))
  const newest = copies.filter((copy) => epochOf(copy.content.records) === epoch)
  const tips = newest.filter((copy) => !newest.some((other) => goesOn(other, copy)))
  const [first, second] = distinct(tips)
  if (first === undefined || second === undefined) return first ?? null
  const backed = distinct(tips).find((tip) => hostsBehind(tip, tips, copies) >= quorum)
  if (backed !== undefined) return backed
  throw goneTwoWays(first, second)
}

/** True when `longer` is `shorter` and more. */
export const goesOn = (longer: Copy, shorter: Copy): boolean =>
  longer.content.lines.length > shorter.content.lines.length &&
  sharedLines(longer, shorter) === linesOf(shorter)

/** How many lines two journals have in common, from the first one on. */
export function sharedLines(one: Copy, other: Copy): number {
  const most = Math.min(linesOf(one), linesOf(other))
  // The chain: where one line is equal, all before it are.
  let [equal, unequal] = [0, most + 1]
  while (unequal - equal > 1) {
    const middle = (equal + unequal) >> 1
    if (one.content.lines[middle - 1] === other.content.lines[middle - 1]) equal = middle
    else unequal = middle
  }
  return equal
}

const linesOf = ({ content }: Copy) => content.lines.length

const distinct = (copies: readonly Copy[]): Copy[] =>
  copies.filter(
    (copy, i) =>
      !copies.slice(0, i).some((other) => other.content.lines.at(-1) === copy.content.lines.at(-1)),
  )

/** Hosts whose copy has gone the tip's way, beyond where the nearest other way leaves it. */
function hostsBehind(tip: Copy, tips: readonly Copy[], copies: readonly Copy[]): number {
  const others = distinct(tips).filter((other) => other !== tip)
  const fork = Math.max(...others.map((other) => sharedLines(tip, other)))
  return copies.filter(
    (copy) => copy.host !== null && linesOf(copy) > fork && sharedLines(copy, tip) === linesOf(copy),
  ).length
}

function goneTwoWays(one: Copy, other: Copy): EvhaError {
  const where = ({ host }: Copy) => host ?? 'this workstation'
  const fork = sharedLines(one, other)
  return new EvhaError({
    kind: 'contradiction',
    message: `the journal on ${where(one)} and the one on ${where(other)} went different ways after line ${fork}, and no majority of the hosts stands behind either`,
    changedAnything: 'unknown',
    retryable: false,
    hint: 'start and stop nothing; compare the two files line by line, and look at the hosts with `evha check`',
  })
}
