import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from './observation.ts'

/** What the suite saw of the real node, when it was last shown one. */
export interface Recorded {
  /** Version and commit of the node, as whoever recorded it named them. */
  readonly node: string
  /** Day of the recording. */
  readonly day: string
  readonly cases: Readonly<Record<string, Outcome>>
}

const path = join(import.meta.dirname, 'recorded.json')

export function readRecorded(): Recorded {
  return JSON.parse(readFileSync(path, 'utf8')) as Recorded
}

export function writeRecorded(recorded: Recorded): void {
  writeFileSync(path, `${JSON.stringify(recorded, null, 1)}\n`)
}
