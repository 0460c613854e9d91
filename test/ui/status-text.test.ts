import { expect, test } from 'vitest'
import { statusText } from '../../src/ui/status-text.ts'
import { status } from './examples.ts'

test('where a waiting run stands, and what to type', () => {
  expect(statusText(status)).toBe(`The migration of lab-chain is not done: it waits for an approval.
  run        lab-chain-20260131T120000-a1b2
  state      gate.cutover: ready to cut over; the chain runs on node-1 until you approve
  attempt    1
  driven     no, no evha process is at work on it
  directory  /var/evha/runs/lab-chain-20260131T120000-a1b2

go on with: evha resume lab-chain-20260131T120000-a1b2 --confirm cutover=lab-chain --state-dir /var/evha
`)
})

test('on a terminal it is laid out for its width, and the command to copy approves nothing', () => {
  const lines = statusText(status, undefined, { width: 60, asks: true }).split('\n')
  expect(lines.filter((line) => line.length > 60)).toEqual([
    '  evha resume lab-chain-20260131T120000-a1b2 --state-dir /var/evha',
  ])
  expect(lines).toContain('go on with:')
})

test('a run that was left after the commit is told that the cluster goes on', () => {
  const left = { ...status, state: 'verifyElection', phase: 'after', outcome: 'interrupted' } as const
  const told = 'needs no evha to go on; resumed, the run looks at every node'
  expect(statusText(left)).toContain(told)
  for (const other of [
    { ...left, running: true },
    { ...left, state: 'commit.rest', phase: 'commit' as const },
  ])
    expect(statusText(other)).not.toContain(told)
})

test('a state that says its name itself is not named twice', () => {
  const says = 'aborted: node-1 produces as the single sequencer'
  const text = statusText({ ...status, state: 'aborted', says, phase: 'end', outcome: 'aborted' })
  expect(text).toContain(`  state      ${says}\n`)
})

test('a run that is driven is not to be resumed beside it', () => {
  const text = statusText({ ...status, running: true })
  expect(text).toContain('driven     yes')
  expect(text).not.toContain('go on with')
})

test('a finished run is not gone on with; its report is there to be read', () => {
  const next = 'evha report lab-chain-20260131T120000-a1b2 --state-dir /var/evha'
  const text = statusText({ ...status, outcome: 'migrated', state: 'done', phase: 'end', next })
  expect(text).toContain(`\nthe whole report: ${next}\n`)
  expect(text).not.toContain('go on with')
})

test('a run that was left in its window is told that the hosts go back by themselves', () => {
  const left = { ...status, state: 'window.sync', phase: 'window', outcome: 'interrupted' } as const
  const told = 'the hosts go back to the single sequencer by themselves'
  expect(statusText(left)).toContain(told)
  for (const other of [
    { ...left, running: true },
    { ...left, state: 'window.arm' },
    { ...left, state: 'window.returned', phase: 'end' },
    status,
  ])
    expect(statusText(other)).not.toContain(told)
})
