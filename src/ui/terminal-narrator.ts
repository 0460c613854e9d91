import type { Failure } from '../base/errors.ts'
import type { StateView } from '../machine/decider.ts'
import type { OpenWindow } from '../run/observer.ts'
import { type Row, twoColumns, widthOf } from './columns.ts'
import { LiveRegion, type Terminal } from './live-region.ts'
import { heightRows, standstillRows } from './moment-rows.ts'
import { Narrator } from './narrator.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** The region is drawn so often: tenths of a second are seen to pass while the chain stands still. */
const drawEveryMs = 200

/** What the region tells of. */
interface Moment {
  readonly state: StateView
  readonly enteredMs: number
  readonly window: OpenWindow | null
  readonly passing: string
  readonly heights: Readonly<Record<string, number>>
}

/**
 * Tells a run on a terminal: what is over scrolls past and stays, what is under way is shown below it and drawn anew.
 * While a gate asks, nothing is drawn.
 */
export class TerminalNarrator extends Narrator {
  readonly #region: LiveRegion
  readonly #terminal: Terminal
  readonly #colours: Palette
  readonly #now: () => number
  #drawing: NodeJS.Timeout | null = null
  #moment: Moment | null = null

  constructor(terminal: Terminal, palette: Palette = plain, now: () => number = Date.now) {
    const region = new LiveRegion(terminal)
    super(region, palette)
    this.#region = region
    this.#terminal = terminal
    this.#colours = palette
    this.#now = now
  }

  override entered(state: StateView, window: OpenWindow | null): void {
    super.entered(state, window)
    const heights = this.#moment?.heights ?? {}
    this.#moment = { state, enteredMs: this.#now(), window, passing: '', heights }
    this.#drawing ??= setInterval(() => this.#draw(), drawEveryMs).unref()
    this.#draw()
  }

  override passing(text: string): void {
    if (this.#moment !== null) this.#moment = { ...this.#moment, passing: text }
  }

  override heights(heights: Readonly<Record<string, number>>): void {
    if (this.#moment !== null) this.#moment = { ...this.#moment, heights }
  }

  override left(state: StateView, durationMs: number): void {
    super.left(state, durationMs)
    this.#rest()
  }

  override failed(state: StateView, failure: Failure, willRetry: boolean): void {
    super.failed(state, failure, willRetry)
    this.#rest()
  }

  override async aside<T>(work: () => Promise<T>): Promise<T> {
    this.end()
    return work()
  }

  override end(): void {
    this.#rest()
    if (this.#drawing !== null) clearInterval(this.#drawing)
    this.#drawing = null
  }

  #rest(): void {
    this.#region.show([])
    if (this.#moment !== null) this.#moment = { ...this.#moment, passing: '', window: null }
  }

  #draw(): void {
    const { columns } = this.#terminal
    const width = widthOf({ isTTY: true, columns }) - 1
    if (this.#moment !== null) this.#region.show(momentLines(this.#moment, this.#now(), width, this.#colours))
  }
}

/** The region's lines: how far the step is, how long the chain has stood still, budget and heights. */
export function momentLines(moment: Moment, nowMs: number, width: number, palette: Palette): string[] {
  const { state, enteredMs, window, passing, heights } = moment
  // A chain that is being stopped stands still from about here; the very moment is known once it has stopped.
  const since = state.path === 'window.stop' ? enteredMs : null
  const rows: Row[] = [
    ...(passing === '' ? [] : [['now', printable(passing)] satisfies Row]),
    ...(window === null
      ? []
      : standstillRows({ ...window, stoppedSinceMs: window.stoppedSinceMs ?? since }, nowMs)),
    ...heightRows(heights),
  ]
  const paint = state.tags.has('chain-stopped') ? palette.warn : palette.dim
  return twoColumns(rows, width, '          ', paint)
}
