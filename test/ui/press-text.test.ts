import { expect, test } from 'vitest'
import { viewOf } from '../../src/machine/decider.ts'
import { pressLines } from '../../src/ui/press-text.ts'
import { committed, opened, play, stopped, warm } from '../machine/walk.ts'

const at = (events: Parameters<typeof play>[0]) => viewOf(play(events))

test('before the window Ctrl-C finishes the step and stops there', () => {
  expect(pressLines('soon', 'Ctrl-C', at([]))).toEqual([
    'Ctrl-C: finishing "looking at every host; nothing is changed", then stopping there; press Ctrl-C again to stop now',
  ])
  expect(pressLines('now', 'Ctrl-C', at([]))).toHaveLength(1)
})

test.each([
  ['an open window', opened, 'in the cluster or on the old sequencer', 'the dead-man of node-1'],
  ['a stopped chain', stopped, 'in the cluster or on the old sequencer', 'the dead-man of node-1'],
  ['the commit gate', warm, 'in the cluster or on the old sequencer', 'those of the peers end'],
  ['the point of no return', committed, 'the first blocks of the cluster', 'stands still until a resume'],
])('with %s it says what each choice means for the chain', (_name, events, goesOnTo, ifStopped) => {
  const [soon = '', again = ''] = pressLines('soon', 'Ctrl-C', at(events))
  expect(soon).toContain('the run does not stop here')
  expect(soon).toContain(goesOnTo)
  expect(again).toMatch(/^press Ctrl-C again to stop now: /)
  expect(again).toContain(ifStopped)
  expect(pressLines('now', 'Ctrl-C', at(events)).join('\n')).toContain(ifStopped)
})
