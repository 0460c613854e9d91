import { alreadyTaken } from '../base/already-taken.ts'
import { EvhaError, type Failure, failureOf } from '../base/errors.ts'
import type { Guard } from '../remote/guarded.ts'
import type { Finished, Remote } from '../remote/remote.ts'
import { answersOf, type Enough, lateWhy } from './answers.ts'
import {
  type Holder,
  type LeaseSeen,
  leaseRefused,
  parseLease,
  readLease,
  releaseLease,
  renewAnswers,
  takeLease,
} from './lease-commands.ts'
import { realTime, type Time } from './time.ts'

/** A host as the lease needs it. */
export interface LeasePlace {
  readonly remote: Remote
  /** The lease's directory on the host. */
  readonly dir: string
}

/** A holder that was not heard for so long has lost its claim to be asked. */
export const leaseSeconds = 15
const lookEveryMs = 1_000

/** What a host answered, or null when it did not. */
export interface LeaseOn {
  readonly host: string
  readonly seen: LeaseSeen | null
  readonly why?: string
}

/** Who wants to hold a run. */
export interface Wanted {
  readonly run: string
  /** `user@workstation`. */
  readonly by: string
  /** Tells this hold from every other; kept by the caller before it is taken. */
  readonly holder: string
  /** Holds of processes of this workstation that are proved dead: they need not be waited for. */
  readonly dead: readonly string[]
  /** Called when a silent holder is waited for. */
  readonly waiting: (holder: Holder, seconds: number) => void
}

/** Who holds the chain, asked of all hosts at once. `enough`: when the silent ones need not be waited for. */
export function readLeases(
  places: readonly LeasePlace[],
  signal?: AbortSignal,
  enough?: Enough<LeaseOn>,
): Promise<LeaseOn[]> {
  const asked = places.map((place) => readLeaseOn(place, signal))
  if (enough === undefined) return Promise.all(asked)
  const late = (index: number): LeaseOn => {
    const host = places[index]?.remote.name ?? ''
    return { host, seen: null, why: lateWhy(host) }
  }
  return answersOf(asked, late, enough)
}

async function readLeaseOn({ remote, dir }: LeasePlace, signal?: AbortSignal): Promise<LeaseOn> {
  const host = remote.name
  try {
    const outcome = await remote.run(readLease(dir), signal)
    if (outcome.kind === 'finished' && outcome.exitCode === 0)
      return { host, seen: parseLease(outcome.stdout) }
    const why = outcome.kind === 'unknown' ? outcome.message : `${host}: ${outcome.stderr.trim()}`
    return { host, seen: null, why }
  } catch (thrown) {
    if (!(thrown instanceof EvhaError)) throw thrown
    return { host, seen: null, why: thrown.message }
  }
}

/** How the newest hold stands, by all that was seen of it; null when nobody ever held the chain. */
export interface Standing {
  readonly holder: Holder
  readonly released: boolean
  /** By the host that heard it last; null when none has since it came up. */
  readonly silentSeconds: number | null
  /** When each host heard it, in seconds of its own uptime. */
  readonly heardSeconds: ReadonlyMap<string, number>
}

export function standingOf(seen: readonly LeaseOn[]): Standing | null {
  const all = seen.flatMap((one) =>
    one.seen?.holder ? [{ ...one.seen, host: one.host, holder: one.seen.holder }] : [],
  )
  const epoch = Math.max(0, ...all.map(({ holder }) => holder.epoch))
  const newest = all.filter(({ holder }) => holder.epoch === epoch)
  const [first] = newest
  if (first === undefined) return null
  const heard = newest.flatMap(({ silentSeconds }) => (silentSeconds === null ? [] : [silentSeconds]))
  return {
    holder: first.holder,
    released: newest.some(({ released }) => released),
    silentSeconds: heard.length === 0 ? null : Math.min(...heard),
    heardSeconds: new Map(
      newest.flatMap(({ host, heardSeconds }) =>
        heardSeconds === null ? [] : [[host, heardSeconds] as const],
      ),
    ),
  }
}

/** True when nobody needs to be waited for. */
export const isOver = ({ released, silentSeconds }: Standing) =>
  released || silentSeconds === null || silentSeconds > leaseSeconds

/** The hold of this process over one run: taken on a majority of the hosts, renewed, given back. */
export class Lease {
  readonly #places: readonly LeasePlace[]
  readonly #quorum: number
  readonly #guard: Guard
  readonly #time: Time

  /** `places` are reached past the guard: what takes the lease can not wait for it. */
  constructor(places: readonly LeasePlace[], quorum: number, guard: Guard, time: Time = realTime) {
    this.#time = time
    this.#places = places
    this.#quorum = quorum
    this.#guard = guard
  }

  /**
   * Takes the run over from whoever held it, with a higher epoch; older commands are refused and proved gone on every
   * host that took it. Throws EvhaError 'locked' when somebody else holds it, 'unreachable' without a majority.
   */
  async take(wanted: Wanted, signal?: AbortSignal): Promise<Holder> {
    const before = await this.#whenOver(wanted, signal)
    const holder: Holder = {
      epoch: (before?.epoch ?? 0) + 1,
      holder: wanted.holder,
      run: wanted.run,
      by: wanted.by.replaceAll(/\s/g, '_'),
      since: new Date(this.#time.now()).toISOString(),
    }
    const from = wanted.dead.find((one) => one === before?.holder) ?? null
    const taken = await Promise.all(this.#places.map((place) => this.#takeOn(place, holder, from, signal)))
    const whys = taken.flatMap((failure) => failure?.message ?? [])
    if (taken.length - whys.length < this.#quorum) throw notTaken(taken.length, this.#quorum, whys)
    this.#guard.held = holder
    this.#guard.readmit = (host) => this.#readmit(host, holder)
    return holder
  }

  /** What a host answered to `renewLease`: a lease that was released by hand is lost. */
  heard(host: string, answer: string): void {
    if (answer === renewAnswers.released) this.#guard.lose(releasedByHand(host))
  }

  /** Gives it back where it still is this process's own; bounded, and never a reason to fail. */
  async end(): Promise<void> {
    const { held, lost } = this.#guard
    if (held === null || lost !== null) return
    await Promise.all(
      this.#places.map(({ remote, dir }) => remote.run(releaseLease(dir, held)).catch(() => undefined)),
    )
  }

  /** The newest hold once nobody needs to be waited for; null when there was none. */
  async #whenOver(wanted: Wanted, signal?: AbortSignal): Promise<Holder | null> {
    let first: Standing | null = null
    for (;;) {
      const seen = await readLeases(this.#places, signal)
      const answered = seen.filter((one) => one.seen !== null)
      if (answered.length < this.#quorum)
        throw notTaken(
          seen.length,
          this.#quorum,
          seen.flatMap(({ why }) => why ?? []),
        )
      refuseTakenChain(seen, wanted.run)
      const standing = standingOf(seen)
      if (standing === null) return null
      const { holder } = standing
      if (isOver(standing) || wanted.dead.includes(holder.holder)) return holder
      if (first !== null && isHeardSince(first, standing)) throw heldBy(standing)
      if (first === null) wanted.waiting(holder, leaseSeconds - (standing.silentSeconds ?? 0) + 1)
      first = standing
      await this.#time.sleep(lookEveryMs, signal)
    }
  }

  /** Why the host did not take it; null when it did. */
  async #takeOn(
    { remote, dir }: LeasePlace,
    holder: Holder,
    from: string | null,
    signal?: AbortSignal,
  ): Promise<Failure | null> {
    try {
      const outcome = await remote.run(takeLease(dir, holder, from, leaseSeconds), signal)
      if (outcome.kind === 'unknown') return notLaid('unreachable', outcome.message)
      if (outcome.exitCode === 0) return null
      return notLaid('failed', `${remote.name}: ${whyNotTaken(outcome)}`)
    } catch (thrown) {
      return failureOf(thrown)
    }
  }

  /** A host that missed the taking gets it later, if a majority still says that it holds. */
  async #readmit(host: string, held: Holder): Promise<boolean> {
    const place = this.#places.find(({ remote }) => remote.name === host)
    if (place === undefined) return false
    const seen = await readLeases(this.#places)
    const same = seen.filter((one) => one.seen?.holder?.holder === held.holder)
    if (same.length < this.#quorum) return false
    // Whatever older hold stands there: the majority has passed it by.
    const older = seen.find((one) => one.host === host)?.seen?.holder?.holder ?? null
    const failure = await this.#takeOn(place, held, older)
    if (failure !== null) throw new EvhaError(failure)
    return true
  }
}

function whyNotTaken({ exitCode, stderr }: Finished): string {
  if (exitCode === leaseRefused.newer) return 'somebody else took the lease in this moment'
  if (exitCode === leaseRefused.alive) return 'the holder of the lease was heard again'
  return `the lease could not be taken there: ${stderr.trim().split('\n').at(-1) || 'older commands did not end'}`
}

const notLaid = (kind: 'unreachable' | 'failed', message: string): Failure => ({
  kind,
  message,
  changedAnything: 'no',
  retryable: true,
  hint: 'mend what the host says, then `evha resume`',
})

/** By when it was heard, not by for how long it is silent: of a holder that beats well that is 0 s at every look. */
const isHeardSince = (before: Standing, now: Standing) =>
  now.holder.holder !== before.holder.holder ||
  [...now.heardSeconds].some(([host, seconds]) => seconds > (before.heardSeconds.get(host) ?? seconds))

/**
 * A run that has claimed the source keeps every other run away; so does one that has taken the chain to a cluster: who was
 * broken off before the first change knows nothing of that, and would prepare the members of a living cluster anew.
 */
function refuseTakenChain(seen: readonly LeaseOn[], run: string): void {
  for (const { host, seen: lease } of seen) {
    if (lease === null) continue
    if (lease.committed !== null && lease.committed !== run) throw alreadyTaken(host, lease.committed)
    if (lease.claim === null || lease.claim === run) continue
    throw new EvhaError({
      kind: 'locked',
      message: `${host} is claimed by the run ${lease.claim}`,
      changedAnything: 'no',
      retryable: true,
      hint: `go on with that run, \`evha adopt RUNBOOK ${lease.claim}\`, or end it: \`evha abort\` where it was begun`,
    })
  }
}

const releasedByHand = (host: string): Failure => ({
  kind: 'locked',
  message: `the run was taken from this process by hand (\`evha lock release\`), as ${host} knows`,
  changedAnything: 'no',
  retryable: false,
  hint: 'see with `evha lock` who holds it now',
})

function heldBy({ holder }: Standing): EvhaError {
  return new EvhaError({
    kind: 'locked',
    message: `${holder.by} holds the run ${holder.run} since ${holder.since}, epoch ${holder.epoch}, and is at work`,
    changedAnything: 'no',
    retryable: true,
    hint: 'wait for it, or have it stopped there with `evha pause`; `evha lock release RUNBOOK` takes the run from a process that nobody can reach',
  })
}

function notTaken(hosts: number, quorum: number, whys: readonly string[]): EvhaError {
  return new EvhaError({
    kind: 'unreachable',
    message: `the lease of the run could not be taken on ${quorum} of ${hosts} hosts: ${whys.join('; ')}`,
    changedAnything: 'no',
    retryable: true,
    hint: 'bring the named hosts back, then type the command again',
  })
}
