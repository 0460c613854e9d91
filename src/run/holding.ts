import { readFileSync } from 'node:fs'
import type { Failure } from '../base/errors.ts'
import type { StepName } from '../base/names.ts'
import { JournalCopies } from '../journal/copies.ts'
import { Lease } from '../journal/lease.ts'
import { leaseDir, renewLease } from '../journal/lease-commands.ts'
import { inStateDirectory } from '../journal/private-directory.ts'
import { replaceFile } from '../journal/write-file.ts'
import type { Guard } from '../remote/guarded.ts'
import type { NodeSpec } from '../runbook/load.ts'
import { whoDrives } from '../steps/host/who.ts'
import type { Door } from './behind-guard.ts'
import { Heartbeat } from './heartbeat.ts'
import type { OpenRun } from './open-run.ts'
import type { World } from './world.ts'

/** Directory of a run on a host. */
export const runDirOn = ({ paths }: Pick<NodeSpec, 'paths'>, run: string) => `${paths.evha}/runs/${run}`

/** The last lines get so long to arrive when the process is through. */
const settleMs = 3_000
/** How often the holder is heard; another one tells a living holder from a dead one within it. */
const renewEveryMs = 3_000
/** Holds that a workstation remembers; a process that is killed leaves one behind. */
const holdsMax = 50

/** This process's hold over the run on the hosts: the lease, and the copies of the journal that grow under it. */
export class Holding {
  readonly #run: OpenRun
  readonly #doors: readonly Door[]
  readonly #guard: Guard
  readonly #lease: Lease
  readonly #world: Pick<World, 'clock' | 'random'>
  readonly #tell: (text: string) => void
  #heartbeat: Heartbeat | null = null
  readonly #known: ReadonlyMap<string, number>
  #copies: JournalCopies | null = null
  /** A majority of the hosts has a copy of the journal. */
  #isFound: boolean
  #epoch = 0
  #isQuiet = false

  /** `known`: how many lines of the journal each host was seen to have. */
  constructor(
    run: OpenRun,
    doors: readonly Door[],
    guard: Guard,
    world: Pick<World, 'clock' | 'random'>,
    tell: (text: string) => void,
    known: ReadonlyMap<string, number>,
  ) {
    this.#known = known
    this.#isFound = known.size >= run.runbook.quorum
    this.#run = run
    this.#doors = doors
    this.#guard = guard
    this.#tell = tell
    this.#world = world
    this.#lease = new Lease(this.#places(), run.runbook.quorum, guard, world.clock)
  }

  /** 0 before the run is held. */
  get epoch(): number {
    return this.#epoch
  }

  /** Why this process may change nothing any more; null while it may. */
  get lost(): Failure | null {
    return this.#guard.lost
  }

  /** Aborts once the run is lost to somebody else. */
  get signal(): AbortSignal {
    return this.#guard.signal
  }

  /**
   * What must be so before the step may begin: nothing for the first look, which changes no host; else the run is held.
   * Throws EvhaError 'locked' when somebody else holds it.
   */
  async before(step: StepName, signal?: AbortSignal): Promise<void> {
    if (step === 'check') return
    if (this.#epoch === 0) await this.take(signal)
    if (!this.#isFound) {
      // Whoever finds the first change on a host must find the run there that it belongs to. A process that was killed
      // with the lease in its hand may have laid no copy yet.
      await this.kept(signal)
      this.#isFound = true
    }
    if (step === 'tidy') await this.#leaveHosts(signal)
  }

  /** Takes the lease, writes that down, and lets the journal be followed by its copies. */
  async take(signal?: AbortSignal): Promise<void> {
    const { files, journal, runbook } = this.#run
    const holder = Math.floor(this.#world.random() * 2 ** 48).toString(16)
    const { epoch, by } = await this.#lease.take(
      {
        run: files.run,
        by: whoDrives(),
        holder,
        dead: this.#remember(holder),
        waiting: (other, seconds) =>
          this.#tell(
            `${other.by} holds the run since ${other.since} and may be gone: taking it over in ${seconds} s, unless it is heard`,
          ),
      },
      signal,
    )
    this.#epoch = epoch
    this.#heartbeat = this.#keepAlive()
    // Before any copy can be laid: hosts that know of a run which does not know it of itself would be asked in vain whether it was ended.
    journal.append({ type: 'lease', epoch, by })
    const places = this.#doors.map(({ spec, remote }) => ({ remote, dir: runDirOn(spec, files.run) }))
    this.#copies = new JournalCopies(
      journal,
      runbook.text,
      places,
      runbook.quorum,
      this.#known,
      this.#world.clock,
    )
  }

  /** Returns when a majority of the hosts has all of the journal. */
  async kept(signal?: AbortSignal): Promise<void> {
    await this.#copies?.kept(signal)
  }

  /** While the chain stands still the copies follow only when they are waited for. */
  quiet(isQuiet: boolean): void {
    if (this.#isQuiet === isQuiet) return
    this.#isQuiet = isQuiet
    this.#copies?.quiet(isQuiet)
  }

  /** The last lines go out and the lease is given back. */
  async end(): Promise<void> {
    if (this.lost === null) await this.#copies?.settle(settleMs)
    await this.#copies?.stop()
    await this.#heartbeat?.stop()
    await this.#lease.end()
  }

  /** evha's directory is about to go from every host: nothing of this process may bring it back. */
  async #leaveHosts(signal?: AbortSignal): Promise<void> {
    await this.#copies?.kept(signal).catch(() => undefined)
    await this.#copies?.stop()
    await this.#heartbeat?.stop()
    this.#heartbeat = null
  }

  /** The holder is heard on every host from now on. A host that does not answer is told of by its steps. */
  #keepAlive(): Heartbeat {
    const listeners = this.#doors.map(({ spec, remote }) => ({
      remote,
      command: renewLease(leaseDir(spec.paths)),
    }))
    return new Heartbeat(listeners, {
      clock: this.#world.clock,
      everyMs: renewEveryMs,
      heard: (host, answer) => this.#lease.heard(host, answer),
      silent: () => undefined,
    })
  }

  #places() {
    return this.#doors.map(({ spec, pastGuard }) => ({ remote: pastGuard, dir: leaseDir(spec.paths) }))
  }

  /**
   * Writes the new hold down before it is taken, and returns those of earlier processes of this workstation: they are
   * dead, because this one has the lock of the state directory.
   */
  #remember(holder: string): string[] {
    const { holds } = this.#run.files
    const before = readLines(holds)
    const text = `${[...before, holder].slice(-holdsMax).join('\n')}\n`
    inStateDirectory(() => replaceFile(holds, text))
    return before
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
