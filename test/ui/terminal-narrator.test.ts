import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { plain } from '../../src/ui/style.ts'
import { TerminalNarrator } from '../../src/ui/terminal-narrator.ts'
import { checkState, stoppedState } from './examples.ts'
import { Screen } from './screen.ts'

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => vi.useRealTimers())

const narrate = (screen: Screen) => new TerminalNarrator(screen, plain, () => Date.now())

test('what is under way stands below what is over, and goes away when it is over', () => {
  const screen = new Screen()
  const narrator = narrate(screen)
  narrator.entered(checkState, null)
  narrator.passing('3 of 5 hosts')
  narrator.heights({ 'node-2': 6, 'node-1': 7 })
  vi.advanceTimersByTime(200)
  expect(screen.text).toBe(`prepare   looking at every host; nothing is changed
          now      3 of 5 hosts
          heights  node-1 7  node-2 6`)
  narrator.left(checkState, 1_234)
  expect(screen.text).toBe(`prepare   looking at every host; nothing is changed
          ✓ 1.2 s`)
  narrator.end()
})

test('in the window the seconds pass: how long the chain has stood still, and what is left of the budget', () => {
  const screen = new Screen()
  const narrator = narrate(screen)
  const deadlineMs = 1_030_000
  narrator.entered(stoppedState, { stoppedSinceMs: null, deadlineMs })
  vi.advanceTimersByTime(1_200)
  expect(screen.text).toContain('stands still  for 1.2 s')
  expect(screen.text).toContain('budget        28.8 s left, then back to the old sequencer')
  narrator.entered({ ...stoppedState, path: 'window.sync' }, { stoppedSinceMs: 1_000_000, deadlineMs })
  vi.advanceTimersByTime(1_000)
  expect(screen.text).toContain('stands still  for 2.2 s')
  narrator.end()
})

test('while somebody else has the terminal nothing is drawn on it', async () => {
  const screen = new Screen()
  const narrator = narrate(screen)
  narrator.entered(stoppedState, { stoppedSinceMs: 1_000_000, deadlineMs: 1_030_000 })
  const before = await narrator.aside(async () => {
    const { writes } = screen
    vi.advanceTimersByTime(5_000)
    expect(screen.writes).toBe(writes)
    expect(screen.text).not.toContain('budget')
    return 'answered'
  })
  expect(before).toBe('answered')
  narrator.entered({ ...stoppedState, path: 'commit.start' }, { stoppedSinceMs: 1_000_000, deadlineMs: null })
  expect(screen.text).toContain('stands still  for 5.0 s')
  narrator.end()
})

test('a narrow terminal that becomes narrower keeps its lines', () => {
  const screen = new Screen(60)
  const narrator = narrate(screen)
  narrator.entered(checkState, null)
  narrator.passing('word '.repeat(20).trim())
  vi.advanceTimersByTime(200)
  screen.columns = 48
  vi.advanceTimersByTime(200)
  for (const line of screen.text.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(60)
  narrator.end()
  expect(screen.text).toContain('looking at every host')
})
