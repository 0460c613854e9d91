import type { Clock } from './clock.ts'
import { Heights } from './heights.ts'
import { LiveFile } from './live.ts'
import type { Observer } from './observer.ts'
import type { OpenRun } from './open-run.ts'

/** What goes on inside a step, for whoever looks: this terminal, another one by the run's live file, the report later. */
export class Telling {
  readonly #run: OpenRun
  readonly #observer: Observer
  readonly #clock: Clock
  readonly #heights = new Heights()
  readonly #live: LiveFile

  constructor(run: OpenRun, observer: Observer, clock: Clock) {
    this.#run = run
    this.#observer = observer
    this.#clock = clock
    this.#live = new LiveFile(run.files.dir, clock)
  }

  /** A new state: what was said of the last one is over. */
  entered(): void {
    this.#live.progress('')
  }

  /** One line that is worth keeping. */
  progress(text: string): void {
    this.#observer.progress(text)
    this.#live.progress(text)
  }

  /** How far something is: true until the next one comes. */
  passing(text: string): void {
    this.#observer.passing(text)
    this.#live.progress(text)
  }

  sawHeight(node: string, height: number): void {
    this.#heights.note(node, height, this.#clock.now())
    const newest = this.#heights.newest()
    this.#live.heights(newest)
    this.#observer.heights(newest)
  }

  /** Brings the heights that were seen to the journal, where the report reads them. */
  keepHeights(): void {
    const nodes = this.#heights.take()
    if (nodes !== null) this.#run.journal.append({ type: 'heights', nodes })
  }

  end(): void {
    this.#live.end()
  }
}
