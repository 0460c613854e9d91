import { EvhaError } from '../base/errors.ts'
import type { StepName } from '../base/names.ts'
import type { Enough } from '../journal/answers.ts'
import { type Copy, chooseCopy, epochOf, sharedLines } from '../journal/choose-copy.ts'
import { openJournal, supersedeJournal } from '../journal/journal.ts'
import { readLeases } from '../journal/lease.ts'
import { leaseDir } from '../journal/lease-commands.ts'
import { mustBeMajority, type ReadCopy, readCopies } from '../journal/read-copies.ts'
import type { JournalRecord } from '../journal/record.ts'
import type { Time } from '../journal/time.ts'
import { viewOf } from '../machine/decider.ts'
import { everCommitted } from '../machine/rules.ts'
import { quote } from '../remote/render.ts'
import type { LoadedRunbook } from '../runbook/load.ts'
import type { Host } from '../steps/step.ts'
import type { Clock } from './clock.ts'
import { runDirOn } from './holding.ts'
import { type OpenRun, refuseForeignJournal } from './open-run.ts'
import { snapshotOf } from './rebuild.ts'

/** The run as the hosts know it, and how far each of them had it already. */
export interface CaughtUp {
  readonly run: OpenRun
  /** Lines of the run's journal on each host, by its name. */
  readonly known: ReadonlyMap<string, number>
}

/**
 * Compares the journal here with those on a majority of the hosts, node-1 among them before the commit. What was
 * written there in a higher epoch, or longer, takes the place of the one here, which is kept beside it.
 * Throws EvhaError 'contradiction' or 'unreachable', and has changed nothing then.
 */
export async function catchUp(
  run: OpenRun,
  hosts: readonly Host[],
  tell: (text: string) => void,
  clock: Clock,
): Promise<CaughtUp> {
  const startedMs = clock.now()
  const here: Copy = { host: null, content: run.journal }
  const read = await readRunCopies(run.files.run, hosts, enoughFor(here, run.runbook, clock))
  const chosen = chosenOf(read, here, run.runbook) ?? here
  await refuseForgotten(run, hosts, read)
  for (const copy of read)
    if (copy.kind === 'damaged') tell(`${copy.why}; it is laid anew from the others, and kept beside it`)
  const next =
    chosen.content.lines.at(-1) === here.content.lines.at(-1) ? run : supersede(run, chosen, tell, clock)
  const { says } = viewOf(snapshotOf({ records: next.journal.records, runbook: next.runbook }))
  const seconds = ((clock.now() - startedMs) / 1_000).toFixed(1)
  const told = read.filter(({ kind }) => kind === 'whole').length
  tell(`known after ${seconds} s from the journal and ${told} copies on the hosts: ${says}`)
  return { run: next, known: knownOf(read, next.journal.lines) }
}

export const readRunCopies = (run: string, hosts: readonly Host[], enough?: Enough<ReadCopy>) =>
  readCopies(
    run,
    hosts.map(({ spec, remote }) => ({ remote, dir: runDirOn(spec, run) })),
    enough,
  )

/** Enough to know where the run stands: a copy can be chosen, and one host at least knows the run. */
export const enoughFor = (here: Copy | null, runbook: ChosenFor, time: Time): Enough<ReadCopy> => ({
  time,
  isEnough: (read) => {
    if (read.every(({ kind }) => kind !== 'whole')) return false
    try {
      return chosenOf(read, here, runbook) !== null
    } catch (thrown) {
      if (thrown instanceof EvhaError) return false
      throw thrown
    }
  },
})

type ChosenFor = Pick<LoadedRunbook, 'quorum' | 'source' | 'chain' | 'nodes'>

/** The copy to go on from; null when there is none. Throws when what was read is not enough to choose. */
export function chosenOf(read: readonly ReadCopy[], here: Copy | null, runbook: ChosenFor): Copy | null {
  const { quorum, source } = runbook
  mustBeMajority(read, quorum, [])
  const whole = read.flatMap((copy): Copy[] => (copy.kind === 'whole' ? [copy] : []))
  const chosen = chooseCopy(here === null ? whole : [here, ...whole], quorum)
  if (chosen !== null && !isCommitted(chosen.content.records, runbook))
    mustBeMajority(read, quorum, [source.name])
  return chosen
}

/**
 * A majority kept this run before it changed the first host, and only an abort's last step takes that away. Where no host
 * that answers knows it any more, somebody else has ended it; to go on would begin it once more, on old evidence.
 */
async function refuseForgotten(
  { files, journal }: OpenRun,
  hosts: readonly Host[],
  read: readonly ReadCopy[],
): Promise<void> {
  if (read.some(({ kind }) => kind === 'whole' || kind === 'damaged')) return
  const steps = journal.records.flatMap((record) => (record.type === 'intent' ? [record.step] : []))
  if (steps.at(-1) === ('tidy' satisfies StepName)) return
  if (steps.every((step) => step === 'check') && !(await hasLostItsLease(files.run, journal.records, hosts)))
    return
  throw new EvhaError({
    kind: 'contradiction',
    message: `no host knows the run ${files.run} any more: it was aborted from another workstation, or evha's directory was removed there by hand`,
    changedAnything: 'no',
    retryable: false,
    hint: `look with \`evha check\` at what runs; then put this journal away, \`mv ${quote(files.dir)} ${quote(`${files.dir}.ended`)}\`, and begin anew with \`evha migrate RUNBOOK\``,
  })
}

/**
 * True when this run was held, and no host that answers has its lease any more. A process that is killed before the first
 * copy was laid leaves the lease; who has taken the run over since, and ended it, took that away with the copies.
 */
async function hasLostItsLease(
  run: string,
  records: readonly JournalRecord[],
  hosts: readonly Host[],
): Promise<boolean> {
  if (epochOf(records) === 0) return false
  const leases = await readLeases(hosts.map(({ spec, remote }) => ({ remote, dir: leaseDir(spec.paths) })))
  return leases.every(({ seen }) => seen?.holder?.run !== run)
}

/** The point of no return is behind: node-1 may be gone for good. */
function isCommitted(
  records: readonly JournalRecord[],
  runbook: Pick<LoadedRunbook, 'source' | 'chain' | 'nodes'>,
): boolean {
  return everCommitted(viewOf(snapshotOf({ records, runbook })).context)
}

function supersede(run: OpenRun, chosen: Copy, tell: (text: string) => void, { now }: Clock): OpenRun {
  const shared = sharedLines(chosen, { host: null, content: run.journal })
  const [ours, theirs] = [epochOf(run.journal.records), epochOf(chosen.content.records)]
  const more = chosen.content.lines.length - shared
  const aside = run.journal.records.length - shared
  run.journal.close()
  const kept = supersedeJournal(run.files.dir, chosen.content.lines, aside > 0)
  const why =
    theirs > ours
      ? `epoch ${theirs} is newer than ${ours}`
      : 'it goes on where this one ends, or a majority stands behind it'
  const what =
    kept === null ? 'they are taken over' : `it counts; ${aside} records of this one are set aside in ${kept}`
  tell(`the journal on ${chosen.host} has ${more} records that are not here (${why}): ${what}`)
  const journal = openJournal(run.files.dir, { now })
  refuseForeignJournal(run.files, journal.header, run.runbook)
  return { ...run, journal }
}

function knownOf(read: readonly ReadCopy[], lines: readonly string[]): Map<string, number> {
  return new Map(
    read.flatMap((copy) => {
      if (copy.kind !== 'whole') return []
      const has = copy.content.lines.length
      // A torn tail there has to go first: that copy is laid anew.
      const follows = copy.content.torn.length === 0 && copy.content.lines.at(-1) === lines[has - 1]
      return follows && !copy.content.newlineMissing ? [[copy.host, has] as const] : []
    }),
  )
}
