import { expect, test } from 'vitest'
import { clientsLeft } from '../../../src/steps/abort/clients-left.ts'
import { executionHosts } from '../execution-hosts.ts'

test('what the clients of the peers hold after an abort is told of each, held against the client of the sequencer', async () => {
  const { context, opened } = await executionHosts([
    { head: () => 106 },
    { head: () => 104 },
    { head: () => 109 },
    { head: () => 104, genesis: 'another one' },
    'down',
  ])
  const said = await clientsLeft(context)
  expect(said.slice(0, 3)).toEqual([
    'node-2: its execution client keeps the chain up to block 104; a later run goes on from there',
    'node-3: its execution client is at block 109, ahead of the chain: the next node that is started there takes it back by itself',
    'node-4: its execution client has another block 104 than that of node-1: before a later run take its data away, and let it follow the chain anew',
  ])
  expect(said[3]).toMatch(/^node-5: its execution client does not answer.*; what it holds was not seen$/)
  expect(new Set(opened)).toEqual(new Set(['node-1', 'node-2', 'node-3', 'node-4', 'node-5']))
})

test('a client that can not be held against that of the sequencer is told so', async () => {
  const { context } = await executionHosts(['down', {}])
  const [said] = await clientsLeft(context)
  expect(said).toMatch(
    /^node-2: its execution client keeps its blocks up to 105; that of node-1 does not answer.*, so they were not compared$/,
  )
})

test('nobody is asked on a chain without clients', async () => {
  const { context, opened } = await executionHosts([{}, {}])
  expect(await clientsLeft({ ...context, facts: {} })).toEqual([])
  expect(opened).toEqual([])
})
