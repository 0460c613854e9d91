import { hash } from 'node:crypto'
import type { NodeSpec } from '../../src/runbook/load.ts'
import { Files } from './files.ts'
import type { Running } from './programs.ts'
import { type Soon, waits } from './shell/soon.ts'
import type { Sim } from './sim.ts'
import { Systemd } from './systemd.ts'

/** A detached job of src/remote/detached.ts. */
export interface Job {
  readonly argv: readonly string[]
  process: Running | null
  exit: string | null
}

/** Thrown through a script that is not to go on. */
const over = Symbol('over')

/** A script that does so many things without that time passes turns in a circle. */
const stepsMax = 100_000

/** One machine: its files, its systemd, its locks, its clock, and whether it is there at all. */
export class SimHost {
  readonly sim: Sim
  readonly spec: NodeSpec
  readonly files: Files
  readonly jobs = new Map<string, Job>()
  /** Commands that hold the lock of the lease: who takes it waits for them, then ends them. */
  readonly guarded = new Set<{ end(): void }>()
  readonly systemd: Systemd
  bootId = ''
  clockOffsetMs = 0
  up = true
  /** 1 is usual; node processes and answers take so many times as long. */
  slowness = 1
  /** Hosts that it has no link to. */
  readonly cutFrom = new Set<SimHost>()
  /** Pipes where a stream from another host comes in; null while nothing has come. */
  readonly inlets = new Map<string, string | null>()
  /** The next copy writes nothing and says it did. */
  diskLies = false
  readonly #locks = new Map<string, object>()
  readonly #freedMs = new Map<string, number>()
  readonly #logs = new Map<string, string[]>()
  #boots = 0
  bootedMs = 0
  #pids = 100

  constructor(sim: Sim, spec: NodeSpec) {
    this.sim = sim
    this.spec = spec
    this.files = new Files(
      () => sim.timeline.now,
      (path, content) => sim.judge.fileChanged(this, path, content),
    )
    this.systemd = new Systemd(this)
    for (const dir of [
      spec.paths.units,
      '/etc/ev-node',
      '/run',
      '/tmp',
      '/usr/local/bin',
      '/proc',
      '/var/lib',
    ])
      this.files.makeDirs(dir)
    this.#newBoot()
  }

  get name(): string {
    return this.spec.name
  }

  /** Epoch ms by its own clock. */
  get now(): number {
    return this.sim.timeline.now + this.clockOffsetMs
  }

  nextPid(): number {
    return ++this.#pids
  }

  reaches(other: SimHost): boolean {
    return this.up && other.up && !this.cutFrom.has(other) && !other.cutFrom.has(this)
  }

  /** Later, unless the host went down meanwhile. */
  in(ms: number, run: () => void): () => void {
    const boot = this.#boots
    return this.sim.timeline.inside(ms, () => {
      if (this.#boots === boot) run()
    })
  }

  /**
   * Runs a script to its end in simulated time; what is returned stops it. A reboot stops it too. `begin` is given what
   * the script calls between two commands; `step` is called there. Throws when it does not come to a wait.
   */
  drive(
    begin: (border: () => void) => Soon<number>,
    ended: (code: number) => void,
    step?: () => void,
  ): () => void {
    let stopped = false
    let steps = 0
    const boot = this.#boots
    const isOver = (): boolean => stopped || this.#boots !== boot
    const border = (): void => {
      if (++steps > stepsMax)
        throw new Error(`a script on ${this.name} turns in a circle and waits for nothing`)
      step?.()
      if (isOver()) throw over
    }
    const goOn = (soon: Soon<number>): void => {
      if (!waits(soon)) {
        ended(soon)
        return
      }
      const next = soon.next()
      if (next.done === true) ended(next.value)
      else this.in(next.value, () => upToWait(() => soon))
    }
    const upToWait = (work: () => Soon<number>): void => {
      if (isOver()) return
      steps = 0
      try {
        goOn(work())
      } catch (thrown) {
        if (thrown !== over) throw thrown
      }
    }
    upToWait(() => begin(border))
    return () => {
      stopped = true
    }
  }

  lock(path: string, holder: object): boolean {
    const now = this.#locks.get(path)
    if (now !== undefined && now !== holder) return false
    this.#locks.set(path, holder)
    return true
  }

  /** Lets go of one lock, or of all that the holder has. */
  unlock(holder: object, only?: string): void {
    for (const [path, one] of this.#locks)
      if (one === holder && (only === undefined || only === path)) {
        this.#locks.delete(path)
        this.#freedMs.set(path, this.sim.timeline.now)
      }
  }

  isLocked(path: string): boolean {
    return this.#locks.has(path)
  }

  /** Held now, or within the last so many ms. */
  wasLocked(path: string, withinMs: number): boolean {
    return (
      this.isLocked(path) ||
      this.sim.timeline.now - (this.#freedMs.get(path) ?? Number.NEGATIVE_INFINITY) <= withinMs
    )
  }

  log(invocation: string, text: string): void {
    const lines = this.#logs.get(invocation) ?? []
    lines.push(`${(this.now / 1000).toFixed(6)} ${this.name} ${text}`)
    this.#logs.set(invocation, lines)
  }

  allLogs(): readonly string[] {
    return [...this.#logs.values()].flat().sort()
  }

  logOf(invocation: string): readonly string[] {
    return this.#logs.get(invocation) ?? []
  }

  /** Power gone: what ran is gone without a word, and so is everything below /run. */
  down(): void {
    this.up = false
    for (const path of this.#locks.keys()) this.#freedMs.set(path, this.sim.timeline.now)
    this.#boots++
    this.#locks.clear()
    this.inlets.clear()
    this.guarded.clear()
    this.systemd.vanish()
    for (const job of this.jobs.values()) {
      job.process?.vanish()
      job.process = null
    }
    for (const path of this.files.below('/run')) if (path !== '/run') this.files.remove(path)
    for (const path of this.files.below('/tmp')) if (path !== '/tmp') this.files.remove(path)
    this.sim.cluster.changed({ host: this })
  }

  boot(): void {
    this.up = true
    this.bootedMs = this.sim.timeline.now
    this.#newBoot()
    this.systemd.boot()
  }

  #newBoot(): void {
    this.#boots++
    this.bootId = hash('sha256', `${this.name} ${this.#boots}`).slice(0, 32)
  }
}
