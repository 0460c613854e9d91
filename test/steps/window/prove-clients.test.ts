import { expect, test } from 'vitest'
import type { Facts } from '../../../src/steps/facts.ts'
import { proveClients } from '../../../src/steps/window/prove-clients.ts'
import { proveEqual, withClients } from '../../../src/steps/window/prove-equal.ts'
import { executionHosts, type TestClient } from '../execution-hosts.ts'

const stopSource: Facts['stopSource'] = { height: 105, stopAtMs: 0, exitAtMs: 0 }
const hosts = (...clients: TestClient[]) => executionHosts(clients, { stopSource })

async function proved(...clients: TestClient[]) {
  const { context } = await hosts(...clients)
  const stands = await proveClients(context)
  if (stands === null) throw new Error('nothing was asked')
  return { stands, why: Object.fromEntries(Object.entries(stands).map(([name, { why }]) => [name, why])) }
}

test('clients at N and a few blocks below are good; one that would have to replay for long is not; where they stand is told', async () => {
  const { stands, why } = await proved({}, {}, { head: () => 102 }, { head: () => 7 }, { head: () => 0 })
  expect(why).toEqual({
    'node-1': '',
    'node-2': '',
    'node-3': '',
    'node-4': 'its execution client is 98 blocks behind, about 27 s of replay',
    'node-5': 'its execution client is 105 blocks behind, about 29 s of replay',
  })
  expect(Object.values(stands).map(({ height }) => height)).toEqual([105, 105, 102, 7, 0])
  expect(stands['node-2']?.hash).toBe(stands['node-1']?.hash)
})

test('a client with another block N, or another end below it, is named with both hashes', async () => {
  const { why } = await proved({}, { genesis: 'other' }, {}, { genesis: 'other', head: () => 103 }, {})
  expect(why).toMatchObject({ 'node-1': '', 'node-3': '', 'node-5': '' })
  expect(why['node-2']).toMatch(
    /^its execution client has another block 105 \(0x\w{4}…\w\w\) than that of node-1 \(0x\w{4}…\w\w\)$/,
  )
  expect(why['node-4']).toMatch(/^its execution client has another block 103 /)
})

test('a client that is down, hangs, or lost the block is named', async () => {
  const { why } = await proved(
    {},
    'down',
    { head: () => new Promise<number>(() => undefined) },
    { head: () => 106, lost: (number) => number === 105 },
    {},
  )
  expect(why['node-2']).toMatch(/^its execution client does not answer \(.*ECONNREFUSED/)
  expect(why['node-3']).toBe('its execution client does not answer within 1.5 s')
  expect(why['node-4']).toBe('its execution client stands at block 106 and does not have block 105')
  expect([why['node-1'], why['node-5']]).toEqual(['', ''])
})

test('a client ahead of N is good: its node takes it back at the start', async () => {
  const { stands } = await proved({}, { head: () => 107 }, {})
  expect(stands['node-2']).toMatchObject({ height: 107, why: '' })
})

test('where the source has lost what a client ends with, that client can not be compared', async () => {
  const { why } = await proved({ lost: (number) => number < 100 }, { head: () => 90 }, {})
  expect(why['node-2']).toBe(
    'block 90 of its execution client can not be compared: that of node-1 does not give its own',
  )
})

test('without an answer of the source, enough others that agree are the measure; one that differs spoils it', async () => {
  const agreed = await proved('down', {}, {}, {}, { head: () => 90 })
  expect([agreed.why['node-2'], agreed.why['node-3'], agreed.why['node-4']]).toEqual(['', '', ''])
  // Nobody tells whether what stands below is of this chain.
  expect(agreed.why['node-5']).toMatch(/can not be compared/)
  const spoilt = await proved('down', {}, {}, {}, { genesis: 'other' })
  for (const name of ['node-2', 'node-3', 'node-4', 'node-5'])
    expect(spoilt.why[name]).toMatch(/that of node-1 does not give its own$/)
  const tooFew = await proved('down', {}, {}, 'down', 'down')
  expect(tooFew.why['node-2']).not.toBe('')
})

test('a node with another chain in its client is not started, however equal its store is', async () => {
  const { stands } = await proved({}, { genesis: 'other' }, {})
  const stores = { equal: ['node-2', 'node-3'], different: {}, manifestSha256: 'm' }
  expect(withClients(stores, stands)).toEqual({
    manifestSha256: 'm',
    equal: ['node-3'],
    different: { 'node-2': expect.stringMatching(/^its execution client has another block 105/) },
  })
  expect(withClients(stores, {}).equal).toEqual([])
})

/** The step with stores that are equal everywhere and a fence that holds: only the clients can keep it from its end. */
async function stepOver(facts: Partial<Facts>, ...clients: TestClient[]) {
  const { context, opened } = await executionHosts(clients, facts)
  const manifest = new Map([['000001.sst', { size: 1, digest: 'd', dataBytes: 1 }]])
  const manifests = Object.fromEntries(context.nodes.map(({ spec }) => [spec.name, manifest]))
  const fresh = {
    fence: { attempt: 1, refusal: Promise.resolve('refused') },
    stores: { attempt: 1, manifests },
  }
  const inStep = { ...context, attempt: 1, fresh }
  return { verdict: await proveEqual.verify(inStep, await proveEqual.apply(inStep)), opened }
}

test('the step goes on without a node whose client differs, and not at all when too few are left for the quorum', async () => {
  const five = await stepOver({ stopSource }, {}, { genesis: 'other' }, {}, {}, 'down')
  expect(five.verdict).toMatchObject({ done: false, why: expect.stringMatching(/^only 2 of 4 peers /) })
  const four = await stepOver({ stopSource }, {}, { genesis: 'other' }, {}, {}, {})
  expect(four.verdict).toMatchObject({
    done: true,
    output: {
      equal: ['node-3', 'node-4', 'node-5'],
      different: { 'node-2': expect.stringMatching(/another block 105/) },
      clients: { 'node-2': { height: 105 } },
    },
  })
})

test('with the clients left out of the proof the same stores are all equal: a quorum would be made of a node that can not lead', async () => {
  const without = await stepOver(
    { check: {} as Facts['check'], stopSource },
    {},
    { genesis: 'other' },
    'down',
  )
  expect(without.verdict).toMatchObject({
    done: true,
    output: { equal: ['node-2', 'node-3'], different: {} },
  })
  expect(without.opened).toEqual([])
})

test('on a chain without clients nobody is asked, and nothing is asked twice over where all stand near N', async () => {
  const { context, opened } = await hosts({}, {}, { head: () => 97 })
  expect(await proveClients({ ...context, facts: { stopSource } })).toBeNull()
  expect(await proveClients({ ...context, onPaper: true })).toBeNull()
  expect(opened).toEqual([])
  await proveClients(context)
  // Two questions to each client, and the eight blocks below N of the source's.
  expect(opened.filter((name) => name !== 'node-1')).toHaveLength(4)
  expect(opened.filter((name) => name === 'node-1')).toHaveLength(10)
})
