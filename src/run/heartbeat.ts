import { setMaxListeners } from 'node:events'
import type { Command } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import type { Remote } from '../remote/remote.ts'
import type { Clock } from './clock.ts'

/** One host that is to hear of this workstation, and what it is told each time. */
export interface Listener {
  readonly remote: Remote
  readonly command: Command
}

export interface HeartbeatOptions {
  readonly clock: Clock
  /** From one beat to the next. */
  readonly everyMs: number
  /** What a host has answered: the first line of what its command printed. */
  readonly heard: (host: string, answer: string) => void
  /** A host that has missed several beats, once; `null` when it answers again. */
  readonly silent: (host: string, silentMs: number | null) => void
}

/** So many beats without an answer are told. */
const beatsMissedMax = 3
/** So long the last beat may take to end. */
const lastBeatMaxMs = 1_000

/**
 * Tells hosts every second that this workstation is alive. The next beat to a host goes out only when the last one was
 * answered or given up, so a link that comes back brings one, not many.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #over = new AbortController()
  readonly #cut = new AbortController()
  readonly #heardMs = new Map<string, number>()
  readonly #told = new Set<string>()
  readonly #running: Promise<unknown>
  readonly #callOff: () => void

  /** Begins at once. */
  constructor(listeners: readonly Listener[], options: HeartbeatOptions) {
    this.#options = options
    const { clock, everyMs } = options
    setMaxListeners(0, this.#over.signal, this.#cut.signal)
    for (const { remote } of listeners) this.#heardMs.set(remote.name, clock.now())
    this.#running = Promise.all(listeners.map((one) => this.#keep(one)))
    this.#callOff = clock.every(everyMs, () => this.#tellSilent())
  }

  /** No beat goes out any more; resolves when the last one is over. One under way is not killed: that would cost more. */
  async stop(): Promise<void> {
    this.#callOff()
    this.#over.abort()
    const waited = new AbortController()
    const late = this.#options.clock.sleep(lastBeatMaxMs, waited.signal).catch(() => undefined)
    await Promise.race([this.#running, late])
    waited.abort()
    this.#cut.abort()
    await this.#running
  }

  async #keep({ remote, command }: Listener): Promise<void> {
    const { clock, everyMs } = this.#options
    while (!this.#over.signal.aborted) {
      const beganMs = clock.now()
      const answer = await this.#beat(remote, command)
      if (answer !== null && !this.#over.signal.aborted) this.#note(remote.name, answer)
      const leftMs = everyMs - (clock.now() - beganMs)
      await clock.sleep(Math.min(everyMs, Math.max(0, leftMs)), this.#over.signal).catch(() => undefined)
    }
  }

  /** null for a host that did not answer; it is tried again, and told when it stays silent. */
  async #beat(remote: Remote, command: Command): Promise<string | null> {
    try {
      const outcome = await remote.run(command, this.#cut.signal)
      if (outcome.kind === 'unknown' || outcome.exitCode !== 0) return null
      return outcome.stdout.split('\n')[0] ?? ''
    } catch (thrown) {
      if (thrown instanceof EvhaError) return null
      throw thrown
    }
  }

  #note(host: string, answer: string): void {
    this.#heardMs.set(host, this.#options.clock.now())
    if (this.#told.delete(host)) this.#options.silent(host, null)
    this.#options.heard(host, answer)
  }

  #tellSilent(): void {
    const { clock, everyMs, silent } = this.#options
    for (const [host, heardMs] of this.#heardMs) {
      const silentMs = clock.now() - heardMs
      if (silentMs < beatsMissedMax * everyMs || this.#told.has(host)) continue
      this.#told.add(host)
      silent(host, silentMs)
    }
  }
}
