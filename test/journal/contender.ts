import { appendFileSync, readFileSync } from 'node:fs'
import { EvhaError } from '../../src/base/errors.ts'
import { releaseLock, takeLock } from '../../src/journal/lock.ts'

// all-at-once STATE ARENA COUNT START_MS CONTENDERS: at each beat tries once for the lock of one more chain, and keeps it.
// in-turns STATE ARENA COUNT: takes and gives back one lock COUNT times; with a sixth word it dies the last time.
const [mode, stateDir = '', arena = '', count = '1', last = '', contenders = '1'] = process.argv.slice(2)

/** Nobody contends longer than that, not even when the test is gone. */
const deadlineMs = Date.now() + 60_000

function attempt(chain: string) {
  if (Date.now() > deadlineMs) throw new Error('contended for a minute')
  try {
    return takeLock(stateDir, { chain, run: `${chain}-20260131T120000-a1b2` })
  } catch (error) {
    if (error instanceof EvhaError && error.kind === 'locked') return undefined
    throw error
  }
}

function say(event: string): void {
  appendFileSync(arena, `${event} ${process.pid}\n`)
}

function pause(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function allAtOnce(): void {
  for (let beat = 0; beat < Number(count); beat += 1) {
    const due = Number(last) + beat * 25
    pause(due - Date.now() - 2)
    while (Date.now() < due) {
      // Spin: all contenders leave this loop within the same instant.
    }
    if (attempt(`chain-${beat}`) !== undefined) say(`chain-${beat}`)
  }
  // A winner must live until the slowest has tried, or its last lock is taken over by right.
  say('through')
  while (readFileSync(arena, 'utf8').split('through').length <= Number(contenders) && Date.now() < deadlineMs)
    pause(10)
}

function inTurns(): void {
  for (let turn = 1; turn <= Number(count); turn += 1) {
    let held = attempt('chain')
    while (held === undefined) {
      pause(Math.random() * 4)
      held = attempt('chain')
    }
    say('in')
    pause(Math.random() * 2)
    if (last !== '' && turn === Number(count)) {
      say('dies')
      process.kill(process.pid, 'SIGKILL')
    }
    say('out')
    releaseLock(stateDir, held)
  }
}

if (mode === 'all-at-once') allAtOnce()
else inTurns()
