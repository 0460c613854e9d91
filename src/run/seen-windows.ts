import type { StepName } from '../base/names.ts'
import type { JournalRecord } from '../journal/record.ts'
import { listRuns } from '../journal/runs.ts'
import type { Facts, Replayed, WarmedUp } from '../steps/facts.ts'
import type { SeenWindows, WindowTimes } from '../steps/gates/prediction.ts'
import { readRun, type StoredRun } from './rebuild.ts'

/** So many earlier runs are read for it. */
const runsMax = 10

/** The node is another one, or a chain of another pace: its figures say nothing here. */
interface Kind {
  readonly standIn: boolean
  readonly blockTimeMs: number
}

/**
 * The windows this state directory has seen of the same kind of node: this run's own attempts first, then those of earlier runs of
 * the chain, then those of rehearsals. A run that cannot be read is passed over.
 */
export function seenWindows(stateDir: string, run: string, records: readonly JournalRecord[]): SeenWindows[] {
  const kind = kindOf(records)
  if (kind === null) return []
  const others = listRuns(stateDir)
    .filter((files) => files.run !== run)
    .slice(0, runsMax)
    .flatMap((files) => readable(() => readRun(files)))
    .filter((stored) => sameKind(kind, kindOf(stored.records)))
  const chain = chainOf(run, records)
  const staged = others.filter(({ runbook }) => runbook.staging)
  const earlier = others.filter(({ runbook, header }) => !runbook.staging && header.chain === chain)
  const of = (runs: readonly (readonly JournalRecord[])[], from: SeenWindows['from']): SeenWindows => ({
    times: runs.flatMap(windowsIn),
    replayMsPerBlock: runs.flatMap(replayPacesIn),
    from,
  })
  const seen = [
    of([records], 'measured here'),
    of(earlier.map(recordsOf), 'earlier run'),
    of(staged.map(recordsOf), 'rehearsal'),
  ]
  return seen.filter(({ times, replayMsPerBlock = [] }) => times.length > 0 || replayMsPerBlock.length > 0)
}

const recordsOf = (stored: StoredRun) => stored.records

/** What a block took to be replayed to an execution client, ms, by each look of a run that saw it: its warm-ups', its leader's. */
export function replayPacesIn(records: readonly JournalRecord[]): number[] {
  return records.flatMap((record) => {
    if (record.type !== 'outcome' || !record.ok) return []
    const { warmedUp, replayed } = (record.output ?? {}) as {
      readonly warmedUp?: WarmedUp
      readonly replayed?: Replayed
    }
    const warmUps = warmedUp?.msPerBlock ?? null
    // Of a few blocks the node's own steps are the greater part.
    const leaders =
      replayed === undefined || replayed.blocks < replayedMin ? null : replayed.tookMs / replayed.blocks
    return [warmUps, leaders].filter((ms) => ms !== null)
  })
}
const replayedMin = 20

function readable(read: () => StoredRun): StoredRun[] {
  try {
    return [read()]
  } catch {
    return []
  }
}

function chainOf(run: string, records: readonly JournalRecord[]): string {
  const first = records[0]
  return first?.type === 'header' ? first.chain : run
}

const sameKind = (one: Kind, other: Kind | null) =>
  other !== null && one.standIn === other.standIn && one.blockTimeMs === other.blockTimeMs

function kindOf(records: readonly JournalRecord[]): Kind | null {
  const check = records.findLast(
    (record) => record.type === 'outcome' && record.step === 'check' && record.ok,
  )
  if (check?.type !== 'outcome') return null
  const { standIn, blockTimeMs } = check.output as Facts['check']
  return { standIn, blockTimeMs }
}

/** The windows of a journal, the newest first, each with the parts it came to. */
export function windowsIn(records: readonly JournalRecord[]): WindowTimes[] {
  const attempts = new Set(records.flatMap((record) => (record.type === 'intent' ? [record.attempt] : [])))
  return [...attempts]
    .toReversed()
    .map((attempt) => timesOf(records, attempt))
    .filter((times) => Object.keys(times).length > 0)
}

function timesOf(records: readonly JournalRecord[], attempt: number): WindowTimes {
  const took = new Map<StepName, number>()
  const outputs = new Map<string, unknown>()
  const startedMs = new Map<string, number>()
  const endMs = new Map<string, number>()
  let waitedMs = 0
  for (const record of records) {
    if (record.type === 'approval' && record.gate === 'commit') waitedMs = record.waitedMs
    if ((record.type !== 'intent' && record.type !== 'outcome') || record.attempt !== attempt) continue
    const atMs = Date.parse(record.at)
    if (record.type === 'intent') startedMs.set(record.step, atMs)
    else if (record.ok) {
      took.set(record.step as StepName, atMs - (startedMs.get(record.step) ?? atMs))
      endMs.set(record.step, atMs)
      outputs.set(record.step, record.output)
    }
  }
  const output = <K extends StepName>(step: K) => outputs.get(step) as Facts[K] | undefined
  const [stop, start, seen] = [output('stopSource'), output('startQuorum'), output('verifyElection')]
  const stopMs = stop === undefined ? undefined : stop.exitAtMs - stop.stopAtMs
  const [warmEnd, startBegin] = [ended(records, attempt, 'warmPeers'), startedMs.get('startQuorum')]
  const replay = seen?.replayed?.tookMs
  const times = {
    replay,
    block: stop === undefined || seen === undefined ? undefined : stop.stopAtMs - seen.lastBlockTimeMs,
    stop: stopMs,
    height: stop?.exitHereMs === undefined ? undefined : (endMs.get('stopSource') ?? 0) - stop.exitHereMs,
    sync: took.get('finalSync'),
    proof: took.get('proveEqual'),
    warm: took.get('warmPeers'),
    decision: warmEnd === null || startBegin === undefined ? undefined : startBegin - warmEnd - waitedMs,
    produce:
      start === undefined || seen === undefined || start.startedAtMs === 0
        ? undefined
        : seen.firstBlockTimeMs - start.startedAtMs - (replay ?? 0),
  }
  // A clock that was stepped between two hosts makes nonsense of a part: it is left out.
  return Object.fromEntries(Object.entries(times).filter(([, ms]) => ms !== undefined && ms >= 0))
}

function ended(records: readonly JournalRecord[], attempt: number, step: StepName): number | null {
  const found = records.findLast(
    (record) => record.type === 'outcome' && record.step === step && record.attempt === attempt && record.ok,
  )
  return found === undefined ? null : Date.parse(found.at)
}
