import type { JournalRecord } from '../../src/journal/record.ts'
import { windowsIn } from '../../src/run/seen-windows.ts'
import type { Facts, Replayed } from '../../src/steps/facts.ts'
import type { Replay, WindowTimes } from '../../src/steps/gates/prediction.ts'
import type { WindowRound } from './window-round.ts'

/** A chain without clients, an EVM chain whose clients stand at the head, and one of which a client loses blocks in the window. */
export type Kind = 'without' | 'warm' | 'behind'

/**
 * Where a pace is measured, no more full nodes may catch up at once than the machine has processors: on five hosts they
 * measure each other, which those of a real cluster do not.
 */
export const hostsOf = { without: 5, warm: 5, behind: 3 } as const satisfies Readonly<Record<Kind, 3 | 5>>

/** What is kept of one migration. */
export interface EvmRound {
  readonly kind: Kind
  /** ISO 8601. */
  readonly at: string
  readonly real: boolean
  /** So many blocks were taken from the client of one peer in the window. */
  readonly lost?: number
  readonly window?: WindowRound
  /** Parts of the gap by evha's journal, ms. */
  readonly times?: WindowTimes
  readonly replay?: ReplayRound
  /** Why it was not made. */
  readonly failed?: string
}

/** What was left to replay when the chain stood still, as evha predicted it there, and what the nodes then did. */
export interface ReplayRound {
  readonly predicted: Replay
  /** By node name, from its own log; a node whose client stood at N is not in it. */
  readonly seen: Readonly<Record<string, Replayed>>
  readonly leader: string
}

/** The node whose client had most to make up for, and what it took; undefined where none had. */
export function farthestOf({ seen }: ReplayRound): (Replayed & { readonly name: string }) | undefined {
  return Object.entries(seen)
    .map(([name, one]) => ({ name, ...one }))
    .toSorted((a, b) => b.blocks - a.blocks)[0]
}

/** Of the last attempt in a journal; undefined where it did not come to the proof, or on a chain without clients. */
export function predictedIn(records: readonly JournalRecord[]): Replay | undefined {
  return outputOf(records, 'proveEqual')?.replay
}

export const leaderIn = (records: readonly JournalRecord[]) => outputOf(records, 'verifyElection')?.leader

export const timesIn = (records: readonly JournalRecord[]): WindowTimes => windowsIn(records)[0] ?? {}

function outputOf<K extends keyof Facts>(records: readonly JournalRecord[], step: K): Facts[K] | undefined {
  const found = records.findLast((record) => record.type === 'outcome' && record.step === step && record.ok)
  return found?.type === 'outcome' ? (found.output as Facts[K]) : undefined
}

/** The rounds of one run: both chains in turn, and those with a client that loses blocks after them. */
export function plannedRounds(
  rounds: number,
  behind: readonly number[],
): readonly Pick<EvmRound, 'kind' | 'lost'>[] {
  const pairs = Array.from({ length: rounds }, () => [{ kind: 'without' }, { kind: 'warm' }] as const)
  return [...pairs.flat(), ...behind.map((lost) => ({ kind: 'behind', lost }) as const)]
}
