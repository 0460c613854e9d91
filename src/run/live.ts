import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from './clock.ts'

/** What a run is at just now, beyond what its journal says: for a watcher in another terminal, and for nothing else. */
export interface Live {
  /** ISO time. */
  readonly at: string
  /** The last line about what goes on inside the state. */
  readonly progress: string
  /** The last height seen of each node. */
  readonly heights: Readonly<Record<string, number>>
  /** ISO time of the last of them; null before the first. At a gate nobody asks the nodes, so it grows old. */
  readonly heightsAt: string | null
}

const writeEveryMs = 250
const path = (runDir: string): string => join(runDir, 'live.json')

/** Keeps a run's `live.json` up to date. Not brought to the disk, and never a reason to fail: a watcher can do without. */
export class LiveFile {
  readonly #runDir: string
  #progress = ''
  #heights: Live['heights'] = {}
  #heightsAt: Live['heightsAt'] = null
  #callOff: (() => void) | null = null
  #isOver = false
  readonly #clock: Clock

  constructor(runDir: string, clock: Clock) {
    this.#runDir = runDir
    this.#clock = clock
  }

  progress(text: string): void {
    this.#progress = text
    this.#soon()
  }

  heights(heights: Live['heights']): void {
    this.#heights = heights
    this.#heightsAt = new Date(this.#clock.now()).toISOString()
    this.#soon()
  }

  /** The run is put down: there is nothing live about it any more. */
  end(): void {
    this.#isOver = true
    this.#callOff?.()
    this.#callOff = null
    rmSync(path(this.#runDir), { force: true })
  }

  /** An answer that comes after the end brings no file back. */
  #soon(): void {
    if (this.#isOver) return
    this.#callOff ??= this.#clock.after(writeEveryMs, () => {
      this.#callOff = null
      this.#write()
    })
  }

  #write(): void {
    const live: Live = {
      at: new Date(this.#clock.now()).toISOString(),
      progress: this.#progress,
      heights: this.#heights,
      heightsAt: this.#heightsAt,
    }
    const file = path(this.#runDir)
    try {
      writeFileSync(`${file}.new`, JSON.stringify(live), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    } catch {
      // A full disk stops the journal, and that is said.
    }
  }
}

/** What the driving process said last; null when there is nothing to be read. */
export function readLive(runDir: string): Live | null {
  try {
    const {
      at,
      progress,
      heights,
      heightsAt = null,
    } = JSON.parse(readFileSync(path(runDir), 'utf8')) as Partial<Live>
    if (typeof at !== 'string' || typeof progress !== 'string' || typeof heights !== 'object') return null
    return { at, progress, heights, heightsAt }
  } catch {
    return null
  }
}
