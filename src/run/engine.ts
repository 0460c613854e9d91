import { setMaxListeners } from 'node:events'
import { type Failure, failureOf } from '../base/errors.ts'
import type { Gate, StepName } from '../base/names.ts'
import { crashPoint } from '../journal/crash-point.ts'
import { advance, ignores, type RunEvent, type Snapshot, type StateView, viewOf } from '../machine/decider.ts'
import type { SeenWindows } from '../steps/gates/prediction.ts'
import type { Fresh, Host, Step, StepContext, StepRegistry } from '../steps/step.ts'
import type { DriveOptions, RunEnd } from './api.ts'
import type { Clock } from './clock.ts'
import { DeadMen } from './dead-men.ts'
import { Forecast } from './forecast.ts'
import { type AtGate, Gates } from './gates.ts'
import type { Holding } from './holding.ts'
import { Hooks } from './hooks.ts'
import type { OpenRun } from './open-run.ts'
import { unsettled } from './rebuild.ts'
import { seenWindows } from './seen-windows.ts'
import { stepContext } from './step-context.ts'
import type { Stop } from './stop.ts'
import { Telling } from './telling.ts'
import { tryStep } from './try-step.ts'
import { type Voiding, Voids } from './voids.ts'
import { Watch } from './watch.ts'
import { WindowBudget } from './window-budget.ts'
import { Wishes } from './wishes.ts'
import { realWorld, type World } from './world.ts'

/** A failed try of a state that insists is repeated so often, with this pause. */
const triesMax = 5
const retryPauseMs = 1_000

/** A run that this process drives: its files, its hosts, and its hold over them. */
export interface Driven {
  readonly run: OpenRun
  readonly hosts: readonly Host[]
  readonly holding: Holding
}

/** Binds the machine to steps, journal and hosts: asks the state what it wants, does it, tells the machine. */
export class Engine {
  readonly #run: OpenRun
  readonly #holding: Holding
  readonly #hosts: readonly Host[]
  readonly #steps: StepRegistry
  readonly #options: DriveOptions
  readonly #world: World
  readonly #clock: Clock
  readonly #hooks: Hooks
  readonly #gates: Gates
  readonly #telling: Telling
  readonly #wishes: Wishes
  readonly #deadMen: DeadMen
  readonly #forecast: Forecast
  readonly #watch: Watch
  readonly #voids: Voids
  readonly #window: WindowBudget
  readonly #fresh: Fresh = {}
  #snapshot: Snapshot
  #windows: readonly SeenWindows[] | null = null
  #tries = 0
  #weighedAtMs = 0

  constructor(
    { run, hosts, holding }: Driven,
    steps: StepRegistry,
    options: DriveOptions,
    start: { readonly snapshot: Snapshot; readonly wantsAbort: boolean },
  ) {
    this.#run = run
    this.#holding = holding
    this.#hosts = hosts
    this.#steps = steps
    this.#options = options
    this.#world = options.world ?? realWorld
    this.#clock = this.#world.clock
    setMaxListeners(0, options.stopNow)
    this.#snapshot = start.snapshot
    this.#wishes = new Wishes(run.files.dir, options, start.wantsAbort, this.#clock)
    this.#hooks = new Hooks(run, options)
    this.#gates = new Gates(run, options, this.#hooks, this.#wishes, this.#clock)
    this.#deadMen = new DeadMen(run.files.run, run.runbook, hosts, this.#clock, (text) =>
      options.observer.progress(text),
    )
    this.#telling = new Telling(run, options.observer, this.#clock)
    this.#watch = new Watch(run.files.run, this.#clock, (view, signal) => this.#context(view, signal))
    this.#voids = new Voids(this.#watch, this.#deadMen, (event) => this.refuses(event))
    this.#window = new WindowBudget(run, this.#clock)
    this.#forecast = new Forecast(this.#clock, (text) => this.#telling.passing(text))
  }

  get view(): StateView {
    return viewOf(this.#snapshot)
  }

  /** True when the event has no edge here. */
  refuses(event: RunEvent): boolean {
    return ignores(this.#snapshot, event)
  }

  /**
   * Gives the machine an event that is not the end of a step; it is on the disk before it counts. An approval for which the
   * chain waits counts with the intent that follows at once, and goes to the disk with it.
   */
  give(event: RunEvent): void {
    const entry = { type: 'event', event: { ...event } } as const
    const { journal } = this.#run
    if (event.type === 'APPROVE' && this.view.tags.has('chain-stopped')) journal.appendWithNext(entry)
    else journal.append(entry)
    this.#snapshot = advance(this.#snapshot, event)
  }

  /** Goes on until the run ends, waits, fails or is stopped. */
  async drive(): Promise<Stop> {
    try {
      return await this.#untilStop()
    } finally {
      try {
        this.#telling.keepHeights()
      } finally {
        // Also where the disk is full: nothing puts a dead-man off any more for a run that is given up.
        await this.#endAll()
      }
    }
  }

  async #endAll(): Promise<void> {
    this.#forecast.end()
    this.#telling.end()
    await this.#watch.end()
    await this.#deadMen.end()
    await this.#hooks.settled()
  }

  /** Calls the hook for the end of this process's drive. */
  async tellEnd(end: RunEnd): Promise<void> {
    await this.#hooks.call('ended', this.view, end)
    await this.#hooks.settled()
  }

  async #untilStop(): Promise<Stop> {
    let shown = ''
    let hooked = ''
    for (;;) {
      const { view } = this
      if (view.path !== shown) {
        this.#tries = 0
        this.#options.observer.entered(view, this.#window.openIn(view))
        this.#telling.entered()
        const { deadlineMs, budgetMs } = this.#window
        this.#forecast.entered(view, deadlineMs === null ? null : { deadlineMs, budgetMs })
        shown = view.path
      }
      // Inside the window the chain is not to wait for a line that only the report reads.
      if (!view.tags.has('chain-stopped') && view.phase !== 'window') this.#telling.keepHeights()
      if (this.#isVoid(view, this.#voids.twice)) continue
      if (this.#wishes.turnsBack(view, this.#canAbort)) {
        this.give({ type: 'ABORT' })
        continue
      }
      this.#holding.quiet(standsStill(view))
      await this.#deadMen.follow(view)
      this.#watch.follow(view)
      if (this.#isVoid(view, this.#voids.back)) continue
      const over = view.final || view.work === null
      const stop = over ? null : this.#wishes.stopsHere(view)
      if (stop !== null) return stop
      const failure = view.path === hooked ? null : await this.#hooks.entered(view)
      if (over) return { why: 'end' }
      if (failure !== null) return this.#hookFailed(view, failure)
      hooked = view.path
      const stopped = await this.#advanceOnce(view)
      if (stopped !== null) return stopped
    }
  }

  /** True when something comes before whatever the state was about to do. */
  #isVoid(view: StateView, voiding: Voiding | null): boolean {
    if (voiding === null) return false
    this.#options.observer.failed(view, voiding.failure, false)
    this.give(voiding)
    return true
  }

  #hookFailed(view: StateView, failure: Failure): Stop {
    if (this.#options.stopNow.aborted) return { why: 'paused' }
    this.#options.observer.failed(view, failure, false)
    return { why: 'failed', failure }
  }

  get #canAbort(): boolean {
    return !this.refuses({ type: 'ABORT' })
  }

  async #advanceOnce(view: StateView): Promise<Stop | null> {
    const { gate } = view
    if (gate !== null && view.context.evidence[gate] !== undefined && view.context.failure === null)
      return this.#gates.ask(this.#atGate(view, gate))
    return this.#work(view, view.work as StepName)
  }

  /** One try at the state's step: intent on the disk, effect, verify, outcome on the disk. */
  async #work(view: StateView, name: StepName): Promise<Stop | null> {
    const startedMs = this.#clock.now()
    const held = await this.#held(name)
    if (held !== null) return held
    const window = this.#window.signalIn(view, this.#options.stopNow)
    const asked = this.#wishes.watch(view, this.#canAbort, ['abort'])
    const gone = this.#voids.signals
    const signals = [window.signal, asked.signal, this.#holding.signal, ...gone]
    const context = this.#context(view, AbortSignal.any(signals))
    setMaxListeners(0, context.signal)
    const { journal } = this.#run
    const wasUnsettled = unsettled(journal.records) === name
    const attempt = view.context.attempt
    const key = `${this.#run.files.run}/${attempt}/${name}`
    const begun = async () => {
      journal.append({ type: 'intent', step: name, attempt, key })
      crashPoint(`step.${name}.before`)
      const tried = await tryStep(this.#steps[name] as Step<StepName>, context, wasUnsettled)
      crashPoint(`step.${name}.after`)
      return tried
    }
    const ended = await begun().finally(() => {
      window.clear()
      asked.release()
    })
    const { lost } = this.#holding
    // Whoever holds the run now writes its journal: what this process saw last is not to be added to it.
    if (lost !== null) return { why: 'lost', failure: lost }
    if (!this.#voids.isAlarmed && window.spent() && ended.kind === 'failed') return this.#overrun(view, name)
    if (this.#options.stopNow.aborted && ended.kind === 'failed') return { why: 'paused' }
    const { failure: back } = this.#deadMen
    // While the decision falls nothing turns back by itself: the state reads which way it went.
    if (back !== null && ended.kind === 'failed' && this.refuses({ type: 'DEAD_MAN', failure: back }))
      return this.#failed(view, name, back)
    if ([asked.signal, ...gone].some(({ aborted }) => aborted) && ended.kind === 'failed') {
      // The loop sees why and turns back; the step's undo is part of the way back.
      journal.append({ type: 'outcome', step: name, attempt, ok: false })
      return null
    }
    if (ended.kind === 'failed') return this.#failed(view, name, ended.failure)
    const outcome = { type: 'outcome', step: name, attempt, ok: true, output: ended.output } as const
    // It announces nothing: while the chain waits it goes to the disk with the next intent, before anything else is done.
    if (view.tags.has('chain-stopped')) journal.appendWithNext(outcome)
    else journal.append(outcome)
    this.#snapshot = advance(this.#snapshot, { type: 'STEP_DONE', step: name, output: ended.output })
    this.#weighedAtMs = this.#clock.now()
    if (view.gate === null) this.#options.observer.left(view, this.#clock.now() - startedMs)
    return null
  }

  /** The run is this process's own before the step begins; else why it stops here. */
  async #held(name: StepName): Promise<Stop | null> {
    try {
      await this.#holding.before(name, this.#options.stopNow)
      const { lost } = this.#holding
      return lost === null ? null : { why: 'lost', failure: lost }
    } catch (thrown) {
      if (this.#options.stopNow.aborted) return { why: 'paused' }
      return { why: 'failed', failure: failureOf(thrown) }
    }
  }

  async #failed(view: StateView, name: StepName, failure: Failure): Promise<Stop | null> {
    const { journal } = this.#run
    journal.append({ type: 'outcome', step: name, attempt: view.context.attempt, ok: false, failure })
    this.#snapshot = advance(this.#snapshot, { type: 'STEP_FAILED', step: name, failure })
    const moved = this.view.path !== view.path
    this.#tries += 1
    const again = !moved && failure.retryable && view.tags.has('insist') && this.#tries < triesMax
    this.#options.observer.failed(view, failure, again)
    if (moved) return null
    if (!again) return { why: 'failed', failure }
    await this.#clock.sleep(retryPauseMs)
    this.give({ type: 'RETRY' })
    return null
  }

  /** The budget ran out while a step of the window was under way. */
  #overrun(view: StateView, name: StepName): Stop | null {
    this.#run.journal.append({ type: 'outcome', step: name, attempt: view.context.attempt, ok: false })
    const failure = this.#window.whySpent
    this.#options.observer.failed(view, failure, false)
    this.give({ type: 'BUDGET_SPENT', failure })
    return null
  }

  /** The run as it stands at a gate, for who asks there. */
  #atGate(view: StateView, gate: Gate): AtGate {
    return {
      view,
      gate,
      window: this.#window,
      gone: this.#voids.signals,
      refuses: (event) => this.refuses(event),
      give: (event) => this.give(event),
      weighedAtMs: () => this.#weighedAtMs,
      weighAgain: async () => {
        const stop = await this.#work(view, view.work as StepName)
        return { stop, same: this.view.path === view.path }
      },
      hookFailed: (failure) => this.#hookFailed(view, failure),
    }
  }

  /** Read before the gate that shows them; what comes after goes by the same figures. */
  #seen(): readonly SeenWindows[] {
    const { stateDir, files, journal } = this.#run
    this.#windows ??= seenWindows(stateDir, files.run, journal.records)
    return this.#windows
  }

  #context(view: StateView, signal: AbortSignal): StepContext {
    if (view.work === 'weighCutover') this.#windows = null
    return stepContext({
      run: this.#run.files.run,
      runbook: this.#run.runbook,
      hosts: this.#hosts,
      world: this.#world,
      machine: view.context,
      windowDeadlineMs: this.#window.deadlineMs,
      epoch: this.#holding.epoch,
      journalKept: () => this.#holding.kept(signal),
      watched: () => this.#watch.watched(),
      fresh: this.#fresh,
      signal,
      seen: () => this.#seen(),
      tell: (text) => this.#telling.progress(text),
      passing: (text) => this.#telling.passing(text),
      sawHeight: (node, height) => this.#telling.sawHeight(node, height),
    })
  }
}

/** The chain makes no block, and nobody is asked: the run goes straight on. */
const standsStill = ({ tags, gate }: StateView) => tags.has('chain-stopped') && gate === null
