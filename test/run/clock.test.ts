// A simulated run lives in a time of its own. That holds only while nobody who drives a run looks at the real clock.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const src = join(import.meta.dirname, '..', '..', 'src')
const rooms = ['machine', 'steps', 'run']
/** The clock itself, and the watch over a real process of the operator's. */
const mayLook = ['run/clock.ts', 'run/hook-process.ts']

test('whoever drives a run asks the clock it was given for the time: Clock of src/run/clock.ts, now and sleep of the step context', () => {
  const looks = rooms
    .flatMap((room) =>
      readdirSync(join(src, room), { recursive: true, encoding: 'utf8' }).map((file) => `${room}/${file}`),
    )
    .filter((file) => file.endsWith('.ts') && !mayLook.includes(file))
    .flatMap((file) =>
      readFileSync(join(src, file), 'utf8')
        .split('\n')
        .filter((line) =>
          /\bDate\.now\b|\bnew Date\(\)|\bset(Timeout|Interval)\(|timers\/promises|performance\.now/.test(
            line,
          ),
        )
        .map((line) => `${file}: ${line.trim()}`),
    )
  expect(looks).toEqual([])
})
