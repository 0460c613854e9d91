import { expect, test } from 'vitest'
import { clientsOfCluster, sinceThen } from '../../../src/steps/after/cluster-clients.ts'
import { executionHosts, type TestClient } from '../execution-hosts.ts'

/** The first block of the cluster is 105; node-2 leads. */
async function seen(heads: readonly (number | null)[], ...clients: TestClient[]) {
  const { context } = await executionHosts(clients)
  const members = context.nodes.map((host, k) => ({ host, head: heads[k] ?? null }))
  const stands = await clientsOfCluster(context, members, 'node-2', 105)
  if (stands === null) throw new Error('nothing was asked')
  return { stands, why: Object.values(stands).map(({ why }) => why) }
}

test('clients with the first block of the cluster, at or above the heads of their nodes, are good', async () => {
  const { why, stands } = await seen([105, 106, null], { head: () => 106 }, { head: () => 107 }, {})
  expect(why).toEqual(['', '', ''])
  expect(stands['node-2']?.height).toBe(107)
})

test('another first block than the leader has is named, whoever has it', async () => {
  const { why } = await seen([105, 105, 105], {}, {}, { genesis: 'other' })
  expect(why.slice(0, 2)).toEqual(['', ''])
  expect(why[2]).toMatch(
    /^its execution client has another block 105 \(0x\S+\) than that of node-2 \(0x\S+\)$/,
  )
})

test('one that ends below, stands below its own node, or says nothing is named with its reason', async () => {
  const { why } = await seen(
    [105, 106, 108, 105],
    { head: () => 104 },
    { head: () => 106 },
    { head: () => 106 },
    'down',
  )
  expect(why).toEqual([
    'its execution client ends at block 104 and does not have block 105, the first of the cluster',
    '',
    'its execution client stands at block 106 and its node at 108: is it the client that the node drives?',
    expect.stringMatching(/^its execution client does not answer \(/),
  ])
})

test('where the client of the leader is silent, the others are compared with each other', async () => {
  const { why } = await seen([105, 105, 105, 105], {}, 'down', {}, { genesis: 'other' })
  expect(why[0]).toBe('')
  expect(why[1]).toMatch(/does not answer/)
  expect(why[2]).toBe('')
  expect(why[3]).toMatch(/than that of node-1/)
})

test('a client that stays where it was through the watch is named; one that was silent before is not', () => {
  const at = (height: number | null, why = '') => ({ height, hash: null, why })
  expect(
    sinceThen(
      { a: at(108), b: at(105), c: at(108), d: at(105, 'wrong') },
      { a: at(105), b: at(105), c: at(null, 'silent') },
    ),
  ).toEqual({
    a: at(108),
    b: at(105, 'its execution client stayed at block 105 through the watch'),
    c: at(108),
    d: at(105, 'wrong'),
  })
})

test('no client is named on a chain that made no block through the watch', () => {
  const at = (height: number) => ({ height, hash: null, why: '' })
  const now = { a: at(146), b: at(146), c: at(145) }
  expect(sinceThen(now, { a: at(146), b: at(146), c: at(145) })).toEqual(now)
})

test('nothing is asked on a chain without clients', async () => {
  const { context, opened } = await executionHosts([{}, {}])
  const members = context.nodes.map((host) => ({ host, head: 105 }))
  expect(await clientsOfCluster({ ...context, facts: {} }, members, 'node-1', 105)).toBeNull()
  expect(opened).toEqual([])
})
