import { type Watched, watchedOf } from '../run/watched.ts'
import { widthOf } from '../ui/columns.ts'
import { LiveRegion } from '../ui/live-region.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { watchLine, watchLines } from '../ui/watch-text.ts'
import { jsonOf } from './json/schema.ts'
import { writeData } from './output.ts'
import type { Shared } from './shared-options.ts'

/** A journal is read anew each time: often enough to see the window's seconds pass. */
const everyMs = 500

/**
 * Shows a run until nobody drives it any more, or Ctrl-C: drawn anew on a terminal, else a line for each change, with
 * --json an object for each. On a terminal a run that nobody drives yet is waited for.
 */
export async function watchStatus(shared: Shared, run: string | undefined): Promise<Watched> {
  const stopped = new AbortController()
  const onInt = () => stopped.abort()
  process.on('SIGINT', onInt)
  const screen = new Screen(shared)
  try {
    // One run, also when a newer one is begun meanwhile.
    let seen = watchedOf(shared.stateDir, run)
    let driven = false
    for (;;) {
      screen.show(seen)
      driven ||= seen.running
      const over = !seen.running && (driven || !seen.open || !screen.redraws)
      if (over || stopped.signal.aborted) return seen
      await pause(stopped.signal)
      seen = watchedOf(shared.stateDir, seen.run)
    }
  } finally {
    screen.leave()
    process.off('SIGINT', onInt)
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, everyMs)
    signal.addEventListener('abort', end, { once: true })
  })
}

class Screen {
  readonly redraws: boolean
  readonly #json: boolean
  readonly #palette
  readonly #region = new LiveRegion(process.stdout)
  #last = ''

  constructor({ json, color }: Shared) {
    this.#json = json
    this.redraws = process.stdout.isTTY === true && process.env['TERM'] !== 'dumb' && !json
    this.#palette = paletteOf(wantsColour(process.stdout, process.env, color))
  }

  show(seen: Watched): void {
    if (this.redraws) this.#draw(seen)
    else this.#tell(seen)
  }

  #tell(seen: Watched): void {
    const line = this.#json ? JSON.stringify(jsonOf('watched', seen)) : watchLine(seen)
    if (line === this.#last) return
    this.#last = line
    writeData(this.#json ? `${line}\n` : `${new Date().toISOString().slice(11, 19)} ${line}\n`)
  }

  /** What was drawn goes away: the status that follows says the same for good. */
  leave(): void {
    if (this.redraws) this.#region.show([])
  }

  #draw(seen: Watched): void {
    this.#region.show(watchLines(seen, Date.now(), widthOf(process.stdout) - 1, this.#palette))
  }
}
