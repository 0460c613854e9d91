import { expect, test } from 'vitest'
import { readLogLine } from '../../src/evnode/log-line.ts'
import { eventOf, type LogEvent, readLog } from '../../src/evnode/logs.ts'
import { fixture } from './fixture.ts'

const kinds = (events: readonly LogEvent[]) => events.map(({ kind }) => kind)
const firstOf = (events: readonly LogEvent[]) => [...new Set(kinds(events))]

test('a single sequencer from start to clean stop', () => {
  const events = readLog(fixture('logs/single-start-to-clean-stop.jsonl'))
  expect(firstOf(events)).toEqual([
    'rpcStarted',
    'initialized',
    'produced',
    'daSubmitted',
    'shuttingDown',
    'halted',
  ])
  const heights = events.flatMap((event) => (event.kind === 'produced' ? [event.height] : []))
  expect(heights).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  expect(events.at(-1)).toEqual({ kind: 'halted', atMs: Date.parse('2026-11-23T08:31:01Z') })
})

test('the third node wins the election, waits for its peers and produces', () => {
  const events = readLog(fixture('logs/raft-leader-third-node-start.jsonl'))
  expect(firstOf(events)).toEqual([
    'configuration',
    'raftInitialized',
    'raftStarted',
    'peerConnected',
    'electionStarted',
    'electionWon',
    'leaderChanged',
    'leading',
    'rpcStarted',
    'waitingForPeers',
    'initialized',
    'produced',
  ])
  expect(events[0]).toEqual({
    kind: 'configuration',
    index: 1,
    voters: [3, 1, 2, 4, 5].map((node) => ({ nodeId: `node-${node}`, address: `127.0.0.${node}:5001` })),
    atMs: Date.parse('2026-11-23T08:36:32Z'),
  })
  expect(events).toContainEqual({ kind: 'electionWon', term: 2, atMs: Date.parse('2026-11-23T08:36:32Z') })
})

test('a follower of a warm pair starts with its kept Raft directory and syncs', () => {
  const events = readLog(fixture('logs/raft-follower-warm-pair.jsonl'))
  expect(kinds(events)).toContain('raftStarted')
  expect(kinds(events)).toContain('following')
  expect(events).toContainEqual(expect.objectContaining({ kind: 'syncing', height: 15, source: 'p2p' }))
})

test('a stale leader bootstraps an empty Raft directory and signs again', () => {
  const events = readLog(fixture('logs/raft-stale-leader.jsonl'))
  expect(events[0]).toMatchObject({ kind: 'configuration', index: 0, voters: [] })
  expect(kinds(events)).toContain('bootstrapped')
  expect(events).toContainEqual(expect.objectContaining({ kind: 'produced', height: 12 }))
})

test.each([
  ['raft-late-joiner-crash-loop.log', /bootstrap only works on new clusters/],
  ['raft-reelected-before-first-block-crash.jsonl', /signed header's Header is nil/],
])('%s ends fatally', (name, error) => {
  const fatal = readLog(fixture(`logs/${name}`)).find((event) => event.kind === 'fatal')
  expect(fatal).toMatchObject({ error: expect.stringMatching(error) })
})

test('the journal in short-iso', () => {
  const events = readLog(fixture('logs/journalctl-and-systemctl-show.txt'))
  expect(kinds(events)).toEqual(['rpcStarted', 'initialized'])
  expect(events[0]?.atMs).toBe(Date.parse('2026-11-23T08:30:27Z'))
})

const produced =
  '{"level":"info","component":"executor","height":15,"txs":2,"time":"2026-11-23T08:36:34Z","message":"produced block"}'

test.each([
  ['short-unix', `1795422994.123456 node1 testapp[622]: ${produced}`, 1795422994123.456],
  ['short-iso-precise', `2026-11-23T08:36:34.123456+0000 node1 testapp[622]: ${produced}`, 1795422994123],
  ['cat', produced, 1795422994000],
])('the time in %s', (_, line, atMs) => {
  const event = eventOf(line)
  expect(event).toMatchObject({ kind: 'produced', height: 15, transactions: 2 })
  expect(event?.atMs).toBeCloseTo(atMs, 0)
})

const e = '\u001b'

test('the coloured text format', () => {
  const line = `${e}[90m8:36AM${e}[0m ${e}[32mINF${e}[0m ${e}[1mproduced block${e}[0m ${e}[36mcomponent=${e}[0mexecutor ${e}[36mheight=${e}[0m15 ${e}[36mtxs=${e}[0m0`
  expect(eventOf(line)).toEqual({ kind: 'produced', height: 15, transactions: 0 })
  const failed = `${e}[90m8:36AM${e}[0m ${e}[31mERR${e}[0m ${e}[1mError during shutdown${e}[0m ${e}[36merror=${e}[0m${e}[31m"leader lock lost"${e}[0m`
  expect(eventOf(failed)).toEqual({ kind: 'leaderLockLost' })
  const raft = `${e}[90m8:36AM${e}[0m ??? [INFO]  raft: election won: term=2 tally=3 ${e}[36mcomponent=${e}[0mraft-hashicorp`
  expect(eventOf(raft)).toEqual({ kind: 'electionWon', term: 2 })
})

test('a quoted value keeps its quotes and spaces', () => {
  const line = readLogLine('8:36AM ERR node error error="passphrase file \\"x y\\" is empty" component=main')
  expect(line).toEqual({
    level: 'error',
    message: 'node error',
    fields: { error: 'passphrase file "x y" is empty', component: 'main' },
  })
})

test.each([
  ['Error: leader lock lost', { kind: 'leaderLockLost' }],
  ['Error: DA address is required', { kind: 'fatal', error: 'DA address is required' }],
  [
    '{"level":"info","source":"","height":16,"message":"syncing block"}',
    { kind: 'syncing', height: 16, source: 'raft' },
  ],
  ['{"message":"[ERROR] raft: failed to contact quorum of nodes, stepping down"}', { kind: 'quorumLost' }],
  [
    '{"level":"error","error":"raft cluster does not have quorum","message":"failed to produce block"}',
    { kind: 'quorumLost' },
  ],
  ['{"level":"error","message":"shutdown timeout exceeded"}', { kind: 'shutdownTimedOut' }],
])('%s', (line, event) => {
  expect(eventOf(line)).toEqual(event)
})

test.each([
  '',
  'Usage:',
  '{"level":"info","height":"x","message":"produced block"}',
  '{"message":"constructor"}',
  '{"message":7}',
  '{broken',
  'KV Executor HTTP server starting on 127.0.0.9:9090',
])('%j says nothing', (line) => {
  expect(eventOf(line)).toBeUndefined()
})
