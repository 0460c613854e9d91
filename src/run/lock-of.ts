import { EvhaError } from '../base/errors.ts'
import { chooseCopy } from '../journal/choose-copy.ts'
import { isOver, type LeaseOn, leaseSeconds, readLeases, standingOf } from '../journal/lease.ts'
import { type Holder, leaseDir, releaseLease } from '../journal/lease-commands.ts'
import { readLock } from '../journal/lock.ts'
import { findRun } from '../journal/runs.ts'
import { realTime } from '../journal/time.ts'
import { viewOf } from '../machine/decider.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { type LoadedRunbook, loadRunbook, runbookFromText } from '../runbook/load.ts'
import { steps } from '../steps/registry.ts'
import type { Host } from '../steps/step.ts'
import { enoughFor, readRunCopies } from './catch-up.ts'
import { closeHosts, openHosts } from './hosts.ts'
import { readRun, snapshotOf, unsettled } from './rebuild.ts'

/** What `lock --json` prints. */
export interface LockReport {
  readonly chain: string
  /** `held`: its holder was heard in time. `silent`: it was not, and may be taken over. */
  readonly state: 'free' | 'held' | 'silent' | 'released'
  readonly run: string | null
  /** `user@workstation`. */
  readonly by: string | null
  readonly since: string | null
  readonly epoch: number
  /** Since the holder was heard; null when nobody holds it, or no host was up to hear it. */
  readonly silentSeconds: number | null
  /** A holder that was not heard for so long may be taken over. */
  readonly leaseSeconds: number
  /** Where the run stands, by the journals on the hosts. */
  readonly says: string | null
  /** The step that was begun and can not be undone, when its end is not in the journals. */
  readonly unfinished: string | null
  /** What each host says, or why it does not. */
  readonly hosts: readonly { readonly host: string; readonly says: string }[]
  /** The process of this workstation that holds the chain here, if any. */
  readonly here: {
    readonly pid: number
    readonly user: string
    readonly since: string
    readonly alive: boolean
  } | null
}

/** Who holds the chain of a runbook, read from the hosts. Without a path: the runbook of the newest run here. */
export async function lockOf(
  stateDir: string,
  runbookPath: string | undefined,
  ask?: PassphraseOf,
): Promise<LockReport> {
  return withRunbook(stateDir, runbookPath, ask, (runbook, hosts) => look(stateDir, runbook, hosts))
}

/**
 * Takes the lease from its holder, named as `lock` shows it: the next command is refused to him, and the next `resume`
 * or `adopt` needs not wait. Throws EvhaError 'usage' when somebody else or nobody holds it.
 */
export async function releaseLock(
  stateDir: string,
  runbookPath: string | undefined,
  name: (report: LockReport) => Promise<string>,
  ask?: PassphraseOf,
): Promise<LockReport> {
  return withRunbook(stateDir, runbookPath, ask, async (runbook, hosts) => {
    const before = await look(stateDir, runbook, hosts)
    const holder = standingOf(await leasesOn(hosts, runbook))?.holder
    if (holder === undefined || before.state === 'free' || before.state === 'released') return before
    const given = await name(before)
    if (given !== holder.by) throw otherHolder(given, holder)
    await Promise.all(
      hosts.map(({ spec, remote }) =>
        remote.run(releaseLease(leaseDir(spec.paths), holder)).catch(() => undefined),
      ),
    )
    const after = await look(stateDir, runbook, hosts)
    if (after.state === 'released') return after
    throw new EvhaError({
      kind: 'unreachable',
      message: 'no majority of the hosts could be told that the lease is released',
      changedAnything: 'unknown',
      retryable: true,
      hint: '`evha lock` shows which host says what; bring them back, then type the command again',
    })
  })
}

async function withRunbook<T>(
  stateDir: string,
  path: string | undefined,
  ask: PassphraseOf | undefined,
  work: (runbook: LoadedRunbook, hosts: readonly Host[]) => Promise<T>,
): Promise<T> {
  const runbook = path === undefined ? newestHere(stateDir) : loadRunbook(path)
  const hosts = await openHosts(runbook, () => undefined, ask)
  try {
    return await work(runbook, hosts)
  } finally {
    await closeHosts(hosts)
  }
}

function newestHere(stateDir: string): LoadedRunbook {
  const { runbook } = readRun(findRun(stateDir))
  return runbookFromText(runbook.text, runbook.path)
}

/** A hold stands on a majority: when one has answered, whoever says nothing is not waited for. */
const leasesOn = (hosts: readonly Host[], { quorum }: Pick<LoadedRunbook, 'quorum'>): Promise<LeaseOn[]> =>
  readLeases(
    hosts.map(({ spec, remote }) => ({ remote, dir: leaseDir(spec.paths) })),
    undefined,
    { time: realTime, isEnough: (said) => said.filter(({ seen }) => seen !== null).length >= quorum },
  )

async function look(stateDir: string, runbook: LoadedRunbook, hosts: readonly Host[]): Promise<LockReport> {
  const seen = await leasesOn(hosts, runbook)
  const standing = standingOf(seen)
  const lock = readLock(stateDir, runbook.chain)
  const here =
    lock === undefined
      ? null
      : {
          pid: lock.owner.pid,
          user: lock.owner.user,
          since: lock.owner.since,
          alive: lock.liveness !== 'dead',
        }
  const common = { chain: runbook.chain, leaseSeconds, hosts: seen.map(saidBy), here }
  if (standing === null) return { ...common, ...nobody }
  const { holder, released, silentSeconds } = standing
  return {
    ...common,
    state: released ? 'released' : isOver(standing) ? 'silent' : 'held',
    run: holder.run,
    by: holder.by,
    since: holder.since,
    epoch: holder.epoch,
    silentSeconds,
    ...(await whereItStands(holder.run, runbook, hosts)),
  }
}

const nobody = {
  state: 'free',
  run: null,
  by: null,
  since: null,
  epoch: 0,
  silentSeconds: null,
  says: null,
  unfinished: null,
} as const

function saidBy({ host, seen, why }: LeaseOn): LockReport['hosts'][number] {
  if (seen === null) return { host, says: why ?? 'no answer' }
  const { holder, released } = seen
  if (holder === null) return { host, says: 'free' }
  return { host, says: `epoch ${holder.epoch}, ${holder.by}${released ? ', released' : ''}` }
}

/** The newest journal that the hosts keep of the run; nothing is chosen by it, so whatever answers will do. */
async function whereItStands(
  run: string,
  runbook: LoadedRunbook,
  hosts: readonly Host[],
): Promise<Pick<LockReport, 'says' | 'unfinished'>> {
  const read = await readRunCopies(run, hosts, enoughFor(null, runbook, realTime))
  const whole = read.flatMap((copy) => (copy.kind === 'whole' ? [copy] : []))
  try {
    const records = chooseCopy(whole, runbook.quorum)?.content.records
    if (records === undefined) return { says: null, unfinished: null }
    const { says } = viewOf(snapshotOf({ records, runbook }))
    const name = unsettled(records)
    return { says, unfinished: name !== null && 'irreversible' in steps[name] ? name : null }
  } catch (thrown) {
    if (!(thrown instanceof EvhaError)) throw thrown
    return { says: thrown.message, unfinished: null }
  }
}

function otherHolder(given: string, holder: Holder): EvhaError {
  return new EvhaError({
    kind: 'usage',
    message: `${JSON.stringify(given)} is not who holds the run: nothing was released`,
    changedAnything: 'no',
    retryable: false,
    hint: `name the holder as it is shown: --holder ${holder.by}`,
  })
}
