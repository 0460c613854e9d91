import { expect, test } from 'vitest'
import { poolInWords, poolRows } from '../../../src/steps/gates/pool.ts'
import { executionHosts } from '../execution-hosts.ts'

test('what waits in the old pool is counted, and the hook that may drain it is named', async () => {
  const { context, opened } = await executionHosts([{ pool: { pending: '0x9', queued: '0x3' } }, {}])
  expect(await poolRows(context)).toEqual([
    [
      'pool',
      '12 transactions wait in the execution client of node-1 (9 pending, 3 queued) and stay there; drain them in hooks.beforeCutover, or have them sent again to a member',
    ],
  ])
  expect(opened).toEqual(['node-1'])
  const { context: empty } = await executionHosts([{}])
  expect(await poolRows(empty)).toEqual([['pool', 'empty at the execution client of node-1']])
})

test('a client that does not tell its pool is no reason to hold the gate, and is said', () => {
  expect(poolInWords('node-1', { kind: 'refused', status: 200, message: 'no such method' })).toMatch(
    /does not tell what waits in its pool \(txpool_status: no such method\); what does stays there; .*hooks\.beforeCutover/,
  )
  expect(poolInWords('node-1', { kind: 'timeout', afterMs: 3_000 })).toBe(
    'the execution client of node-1 does not answer within 3 s; what waits in its pool stays there',
  )
})

test('a chain without clients has no pool, and nobody is asked', async () => {
  const { context, opened } = await executionHosts([{}])
  expect(await poolRows({ ...context, facts: {} })).toEqual([])
  expect(opened).toEqual([])
})
