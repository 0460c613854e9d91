import { type Control, clearControl, readControl } from '../journal/control.ts'
import type { StateView } from '../machine/decider.ts'
import type { DriveOptions } from './api.ts'
import type { Clock } from './clock.ts'
import type { Stop } from './stop.ts'

const lookEveryMs = 200

/** Looks for a wish from another terminal while something else is under way. */
export interface Watch {
  /** Aborts when it is there. */
  readonly signal: AbortSignal
  /** Looks once more, also after `release`. */
  readonly asked: () => boolean
  readonly release: () => void
}

/** What the operator wants of a run besides its gates: from this terminal by Ctrl-C, from another by pause and abort. */
export class Wishes {
  readonly #runDir: string
  readonly #options: Pick<DriveOptions, 'observer' | 'stopSoon' | 'stopNow'>
  readonly #clock: Clock
  /** Who wants the old sequencer back: this command, or another terminal. */
  #wantsBack: 'here' | 'elsewhere' | null

  constructor(
    runDir: string,
    options: Pick<DriveOptions, 'observer' | 'stopSoon' | 'stopNow'>,
    wantsAbort: boolean,
    clock: Clock,
  ) {
    this.#runDir = runDir
    this.#options = options
    this.#clock = clock
    this.#wantsBack = wantsAbort ? 'here' : null
  }

  /** True when the run is to turn back now. `canAbort`: the state has an edge for it. */
  turnsBack(view: StateView, canAbort: boolean): boolean {
    if (readControl(this.#runDir) === 'abort') {
      this.#wantsBack ??= 'elsewhere'
      clearControl(this.#runDir)
    }
    if (this.#wantsBack === null || view.final || view.phase === 'abort') return false
    if (!canAbort) {
      this.#forgetWhenTooLate(view)
      return false
    }
    if (this.#wantsBack === 'elsewhere')
      this.#options.observer.progress('another terminal asked to go back to the single sequencer')
    this.#wantsBack = null
    return true
  }

  /** What ends the drive before the state's own work: too late to go back, or a wish to stop here. */
  stopsHere(view: StateView): Stop | null {
    if (this.#wantsBack !== null && view.tags.has('irreversible')) return { why: 'tooLateToAbort' }
    if (isSafePoint(view)) {
      if (this.#options.stopSoon()) return { why: 'paused' }
      if (readControl(this.#runDir) === 'pause') {
        clearControl(this.#runDir)
        this.#options.observer.progress('another terminal asked to stop here')
        return { why: 'paused' }
      }
    }
    return this.#options.stopNow.aborted ? { why: 'paused' } : null
  }

  /** Looks for wishes of another terminal that can be followed in this state. */
  watch(view: StateView, canAbort: boolean, wishes: readonly Control[]): Watch {
    const can = { abort: canAbort && view.phase !== 'abort', pause: isSafePoint(view) }
    const controller = new AbortController()
    const look = () => {
      const control = readControl(this.#runDir)
      if (control !== undefined && wishes.includes(control) && can[control]) controller.abort()
    }
    const release = this.#clock.every(lookEveryMs, look)
    return {
      signal: controller.signal,
      asked: () => {
        look()
        return controller.signal.aborted
      },
      release,
    }
  }

  /** What another terminal wants too late must not stop a run that only forward leads on: it is told, and forgotten. */
  #forgetWhenTooLate(view: StateView): void {
    if (this.#wantsBack !== 'elsewhere' || !view.tags.has('irreversible')) return
    this.#wantsBack = null
    this.#options.observer.progress(
      'another terminal asked to abort, but the point of no return is behind: the run goes on',
    )
  }
}

/** Stopping here leaves a chain that produces, and nothing half done. */
function isSafePoint(view: StateView): boolean {
  return (
    view.phase === 'prepare' ||
    view.phase === 'after' ||
    (view.phase === 'gate' && !view.tags.has('chain-stopped'))
  )
}
