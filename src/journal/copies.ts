import { EvhaError, failureOf } from '../base/errors.ts'
import type { Remote } from '../remote/remote.ts'
import { appendToCopy, layCopy, notThatCopy } from './copy-commands.ts'
import { type FirstLines, firstLinesOf } from './first-lines.ts'
import type { Journal } from './journal.ts'
import { realTime, type Time } from './time.ts'

/** Where a host keeps its copy. */
export interface CopyPlace {
  readonly remote: Remote
  /** Directory of the run on the host. */
  readonly dir: string
}

/** Lines that nobody waits for travel together. */
const gatherMs = 200
/** A majority that takes longer than this is none. */
const majorityTimeoutMs = 15_000

interface Follower {
  readonly place: CopyPlace
  /** Lines that are on the host's disk; null when it is not known. */
  has: number | null
  busy: boolean
  failure: string | null
}

/**
 * The copies of the journal on the hosts. They follow it by themselves, a moment later; whoever is about to do what can
 * not be undone waits until a majority has every line.
 */
export class JournalCopies {
  readonly #journal: Journal
  readonly #firstLines: (count: number) => FirstLines
  readonly #runbookText: string
  readonly #followers: readonly Follower[]
  readonly #quorum: number
  readonly #stopped = new AbortController()
  readonly #time: Time
  /** Calls off the gathering that is under way. */
  #gathering: (() => void) | null = null
  #waiting: (() => void)[] = []
  #isQuiet = false

  /** `known`: lines of this very journal that a host was seen to have, by its name. */
  constructor(
    journal: Journal,
    runbookText: string,
    places: readonly CopyPlace[],
    quorum: number,
    known: ReadonlyMap<string, number> = new Map(),
    time: Time = realTime,
  ) {
    this.#time = time
    this.#journal = journal
    this.#firstLines = firstLinesOf(journal.lines)
    this.#runbookText = runbookText
    this.#quorum = quorum
    this.#followers = places.map((place) => ({
      place,
      has: known.get(place.remote.name) ?? null,
      busy: false,
      failure: null,
    }))
    journal.listen(() => this.#soon())
  }

  /**
   * Returns when a majority of the hosts has on its disks all that is in the journal now. Throws EvhaError
   * 'unreachable' when no majority takes it: then what was to be done must not begin.
   */
  async kept(signal?: AbortSignal): Promise<void> {
    const wanted = this.#journal.lines.length
    const deadlineMs = this.#time.now() + majorityTimeoutMs
    for (const one of this.#followers) void this.#follow(one)
    while (this.#behind(wanted) < this.#quorum) {
      signal?.throwIfAborted()
      const hopeless = this.#followers.every((one) => !one.busy)
      if (hopeless || this.#time.now() >= deadlineMs) throw this.#notKept(wanted)
      await this.#change(deadlineMs - this.#time.now(), signal)
    }
  }

  /** Gives the last lines a bounded time to arrive; whether they do is not told. */
  async settle(timeoutMs: number): Promise<void> {
    const wanted = this.#journal.lines.length
    const deadlineMs = this.#time.now() + timeoutMs
    if (this.#gathering === null && this.#behind(wanted) === this.#followers.length) return
    for (const one of this.#followers) void this.#follow(one)
    while (this.#followers.some((one) => one.busy) && this.#time.now() < deadlineMs)
      await this.#change(deadlineMs - this.#time.now())
  }

  /** From here on no copy is touched: what holds them is about to be removed, or belongs to somebody else. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#journal.listen(() => undefined)
    this.#gathering?.()
    this.#gathering = null
    const deadlineMs = this.#time.now() + 5_000
    while (this.#followers.some((one) => one.busy) && this.#time.now() < deadlineMs)
      await this.#change(deadlineMs - this.#time.now())
  }

  /** While it is quiet, lines go out only when a majority is waited for: hosts have other work just then. */
  quiet(isQuiet: boolean): void {
    this.#isQuiet = isQuiet
    if (!isQuiet) this.#soon()
  }

  #soon(): void {
    if (this.#stopped.signal.aborted || this.#isQuiet) return
    this.#gathering ??= this.#time.after(gatherMs, () => {
      this.#gathering = null
      if (this.#isQuiet) return
      for (const one of this.#followers) void this.#follow(one)
    })
  }

  #behind(lines: number): number {
    return this.#followers.filter(({ has }) => has !== null && has >= lines).length
  }

  /** Brings one copy up to date; one at a time for each host. Never throws. */
  async #follow(one: Follower): Promise<void> {
    const { lines } = this.#journal
    if (one.busy) return
    one.busy = true
    try {
      while (!this.#stopped.signal.aborted && (one.has === null || one.has < lines.length)) {
        one.has = await this.#bring(one, lines.length)
        one.failure = null
        this.#wake()
      }
    } catch (thrown) {
      one.has = null
      one.failure = failureOf(thrown).message
    } finally {
      one.busy = false
      this.#wake()
    }
  }

  async #bring({ place, has }: Follower, upTo: number): Promise<number> {
    const { remote, dir } = place
    const { lines } = this.#journal
    if (has !== null && has > 0) {
      const append = appendToCopy(dir, this.#firstLines(has), lines.slice(has, upTo))
      const appended = await remote.run(append, this.#stopped.signal)
      if (appended.kind === 'finished' && appended.exitCode === 0) return upTo
      if (appended.kind === 'unknown') throw notBrought(appended.message)
      if (appended.exitCode !== notThatCopy) throw notBrought(saidBy(remote, appended.stderr))
    }
    const lay = layCopy(dir, lines.slice(0, upTo), this.#runbookText)
    const laid = await remote.run(lay, this.#stopped.signal)
    if (laid.kind === 'unknown') throw notBrought(laid.message)
    if (laid.exitCode !== 0) throw notBrought(saidBy(remote, laid.stderr))
    return upTo
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  async #change(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = () => {
        callOff()
        signal?.removeEventListener('abort', go)
        resolve()
      }
      const callOff = this.#time.after(Math.max(1, timeoutMs), go)
      signal?.addEventListener('abort', go, { once: true })
      this.#waiting.push(go)
    })
  }

  #notKept(wanted: number): EvhaError {
    const missing = this.#followers.filter(({ has }) => has === null || has < wanted)
    const whys = missing.map(({ place, failure }) => failure ?? `${place.remote.name}: no answer`)
    return new EvhaError({
      kind: 'unreachable',
      message: `only ${this.#behind(wanted)} of ${this.#followers.length} hosts keep the journal, ${this.#quorum} must: ${whys.join('; ')}`,
      changedAnything: 'no',
      retryable: true,
      hint: whatToDo,
    })
  }
}

const whatToDo = 'bring the named hosts back, or make room on their disks, then `evha resume`'

/** One copy that was not brought up to date; told only where no majority was. */
const notBrought = (message: string) =>
  new EvhaError({
    kind: 'unreachable',
    message,
    changedAnything: 'unknown',
    retryable: true,
    hint: whatToDo,
  })

const saidBy = ({ name }: Remote, stderr: string) =>
  `${name}: its copy of the journal can not be written: ${stderr.trim().split('\n').at(-1) ?? ''}`
