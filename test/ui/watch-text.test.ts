import { expect, test } from 'vitest'
import type { Watched } from '../../src/run/watched.ts'
import { printable } from '../../src/ui/printable.ts'
import { watchLine, watchLines } from '../../src/ui/watch-text.ts'
import { migrated, status } from './examples.ts'

const nowMs = Date.parse('2026-01-31T12:02:03.400Z')

const inWindow: Watched = {
  ...status,
  state: 'window.prove',
  says: 'proving the same content on every node to be started',
  phase: 'window',
  running: true,
  stateDir: '/s',
  gate: null,
  open: true,
  irreversible: false,
  stoppedSinceMs: nowMs - 3_400,
  deadlineMs: nowMs + 24_000,
  live: {
    at: '',
    progress: 'node-2: 3 of 8 files',
    heights: { 'node-2': 48_213, 'node-1': 48_213 },
    heightsAt: new Date(nowMs - 900).toISOString(),
  },
  steps: migrated.steps,
}

test('what goes on, how long the chain has stood still, and what can be typed here', () => {
  expect(watchLines(inWindow, nowMs)).toEqual([
    'lab-chain: proving the same content on every node to be started',
    '  state         window.prove',
    '  stands still  for 3.4 s',
    '  budget        24.0 s left, then back to the old sequencer',
    '  now           node-2: 3 of 8 files',
    '  heights       node-1 48213  node-2 48213',
    '  done          ok 1.2 s  looking at every host; nothing is changed',
    '                failed 88 ms  preparing the peers of node-1; the chain runs',
    '  from here:',
    `  evha pause ${status.run} --state-dir /s`,
    `  evha abort ${status.run} --state-dir /s`,
  ])
})

test('an open gate says where its answer is given; after the point of no return abort is not offered', () => {
  const lines = watchLines(
    { ...inWindow, gate: 'finish', irreversible: true, stoppedSinceMs: null, deadlineMs: null },
    nowMs,
  )
  expect(lines.join('\n')).toContain('at the gate finish, for an answer in the terminal that drives the run')
  expect(lines.join('\n')).not.toMatch(/evha abort|stands still|budget/)
})

test('heights that nobody asked for lately are told with their age: the chain runs on at a gate', () => {
  const live = { at: '', progress: '', heights: { 'node-1': 35 }, heightsAt: '2026-01-31T12:00:00.000Z' }
  expect(watchLines({ ...inWindow, live }, nowMs)).toContain('  heights       node-1 35, 2 min 3 s ago')
})

test('a step that is over has one line, however narrow the terminal', () => {
  const lines = watchLines(inWindow, nowMs, 50)
  expect(lines).toContain('  done          ok 1.2 s  looking at every host; …')
  for (const line of lines.filter((one) => !one.startsWith('  evha ')))
    expect(line.length).toBeLessThanOrEqual(50)
})

test('a run that nobody drives says so, with the command that goes on', () => {
  const lines = watchLines({ ...inWindow, running: false, live: null }, nowMs, 200)
  expect(lines[0]).toBe('The migration of lab-chain is not done: it waits for an approval.')
  // Watched on a terminal: what is there to be copied approves nothing.
  expect(lines.at(-1)).toBe(`  ${status.next?.replace(' --confirm cutover=lab-chain', '')}`)
  expect(lines.at(-1)).not.toContain('--confirm')
})

test('words from a host can not draw on the screen', () => {
  const live = { at: '', progress: 'x\u001b[2J\ny', heights: { 'n\u001b[1m': 1 }, heightsAt: null }
  for (const line of watchLines({ ...inWindow, live }, nowMs)) expect(printable(line)).toBe(line)
  expect(watchLine({ ...inWindow, live })).toBe('window.prove: x\ufffd[2J y')
})
