import { expect, test } from 'vitest'
import type { JournalRecord } from '../../src/journal/record.ts'
import { clientsIn, ownOverhead } from '../../src/run/report.ts'
import type { Facts } from '../../src/steps/facts.ts'

const outcome = (step: string) => ({ type: 'outcome', step, ok: true }) as unknown as JournalRecord
const resumed = { type: 'resumed' } as unknown as JournalRecord
const records = [outcome('stopSource'), outcome('startQuorum')]

/** A window whose hosts' clocks are so far ahead of the workstation's. */
function window(sourceAheadMs: number, peerAheadMs: number): Partial<Facts> {
  const at = 1_000_000
  return {
    stopSource: {
      height: 9,
      stopAtMs: at - 200 + sourceAheadMs,
      exitAtMs: at + sourceAheadMs,
      exitHereMs: at,
    },
    warmPeers: {
      warm: ['node-2', 'node-3'],
      started: {
        'node-2': {
          invocation: '2',
          startedAtMs: at + 300 + peerAheadMs,
          raftStartedAtMs: at + 700 + peerAheadMs,
        },
        'node-3': { invocation: '3', startedAtMs: at + 310, raftStartedAtMs: at + 600 },
      },
    },
    startQuorum: {
      quorum: [],
      last: 'node-4',
      startedAtMs: at + 1_000 + peerAheadMs,
      startedHereMs: at + 1_000,
    },
  }
}

test('the own part is told by one clock: what the hosts take for the time does not matter', () => {
  const aheads: readonly (readonly [number, number])[] = [
    [0, 0],
    [30_000, 0],
    [0, -3_600_000],
  ]
  for (const [source, peer] of aheads) expect(ownOverhead(records, window(source, peer), 0)).toBe(600)
  expect(ownOverhead(records, window(0, 0), 250)).toBe(350)
})

test('no own part is told where another process or workstation went on in between, or an end was not seen', () => {
  const [stopped, started] = [outcome('stopSource'), outcome('startQuorum')]
  expect(ownOverhead([stopped, resumed, started], window(0, 0), 0)).toBeNull()
  expect(ownOverhead([resumed, stopped, started, resumed], window(0, 0), 0)).toBe(600)
  const { startQuorum: _, ...without } = window(0, 0)
  expect(ownOverhead(records, without, 0)).toBeNull()
})

test('the report has the last look at the execution clients, and no such field on a chain without them', () => {
  const look = (height: number) => ({
    'node-1': { height, hash: '0xab', why: height === 3 ? 'it stays' : '' },
  })
  const facts = { proveEqual: { clients: look(1) }, verifyElection: { clients: look(2) } }
  expect(clientsIn({ seeBlock: {} })).toEqual({})
  expect(clientsIn(facts)).toEqual({ clients: [{ node: 'node-1', height: 2, hash: '0xab', why: null }] })
  const soaked = { ...facts, soak: { clients: look(3) } }
  expect(clientsIn(soaked).clients).toMatchObject([{ height: 3, why: 'it stays' }])
  expect(clientsIn({ ...soaked, seeSingleBlock: { clients: look(4) } }).clients).toMatchObject([
    { height: 4 },
  ])
})
