import { begin, type StateView, viewOf } from '../../src/machine/decider.ts'
import type { Report, Status } from '../../src/run/api.ts'
import type { FullReport } from '../../src/run/full-report.ts'

export const migrated: Report = {
  run: 'lab-chain-20260131T120000-a1b2',
  chain: 'lab-chain',
  outcome: 'migrated',
  standIn: false,
  state: 'done',
  says: 'migrated: the cluster produces and every node votes',
  attempt: 1,
  startedAt: '2026-01-31T12:00:00.123Z',
  endedAt: '2026-01-31T12:03:04.567Z',
  lastOldHeight: 48_213,
  firstClusterHeight: 48_214,
  gapMs: 5_120,
  ownOverheadMs: 312,
  operatorWaitMs: 0,
  predictedGapMs: 4_900,
  nodesVoting: 5,
  nodesTotal: 5,
  hashContinuity: true,
  forks: [],
  bytesSeeded: 1_503_238_553,
  bytesFinal: 912,
  approvals: [
    {
      gate: 'cutover',
      by: 'operator at the terminal',
      at: '2026-01-31T12:01:00.000Z',
      digest: '0123456789abcdef'.repeat(4),
    },
  ],
  steps: [
    {
      state: 'check',
      says: 'looking at every host; nothing is changed',
      attempt: 1,
      startedAt: '2026-01-31T12:00:00.200Z',
      durationMs: 1_234,
      ok: true,
    },
    {
      state: 'preparePeers',
      says: 'preparing the peers of node-1; the chain runs',
      attempt: 1,
      startedAt: '2026-01-31T12:00:01.500Z',
      durationMs: 88,
      ok: false,
    },
  ],
  leftBehind: ['node-1: /var/lib/evha'],
  failure: null,
  next: 'evha report lab-chain-20260131T120000-a1b2 --state-dir /var/evha',
}

export const waiting: Report = {
  ...migrated,
  outcome: 'waiting',
  state: 'gate.cutover',
  says: 'ready to cut over; the chain runs on node-1 until you approve',
  endedAt: null,
  lastOldHeight: null,
  firstClusterHeight: null,
  gapMs: null,
  ownOverheadMs: null,
  operatorWaitMs: 0,
  nodesVoting: null,
  hashContinuity: null,
  bytesFinal: 0,
  approvals: [],
  steps: [],
  leftBehind: [],
  next: 'evha resume lab-chain-20260131T120000-a1b2 --confirm cutover=lab-chain --state-dir /var/evha',
}

const blockMs = Date.parse('2026-01-31T12:02:00.000Z')

/** The whole of `migrated`, with the heights of two nodes around a gap of 5.12 s. */
export const full: FullReport = {
  report: migrated,
  finished: true,
  running: false,
  evhaVersion: '0.1.0',
  command: ['migrate', 'chain.yaml'],
  runbookDigest: 'ab'.repeat(32),
  nodes: [
    { name: 'node-1', address: '192.0.2.11' },
    { name: 'node-2', address: '192.0.2.12' },
    { name: 'node-3', address: '192.0.2.13' },
  ],
  source: 'node-1',
  window: {
    openedAtMs: blockMs - 1_000,
    stopAtMs: blockMs + 500,
    lastBlockTimeMs: blockMs,
    firstBlockTimeMs: blockMs + 5_120,
    budgetSeconds: 30,
  },
  heights: [
    {
      node: 'node-1',
      points: [
        [blockMs - 2_000, 48_211],
        [blockMs - 1_000, 48_212],
      ],
    },
    {
      node: 'node-2',
      points: [
        [blockMs + 4_000, 48_213],
        [blockMs + 5_300, 48_214],
      ],
    },
    { node: 'node-3', points: [] },
  ],
  approvals: [
    {
      gate: 'cutover',
      by: 'operator at the terminal',
      at: '2026-01-31T12:01:00.000Z',
      waitedMs: 4_000,
      digest: '0123456789abcdef'.repeat(4),
      rows: [['head', '48213 by node-1']],
    },
  ],
  evidence: [{ title: 'the cluster', rows: [['leader', 'node-2']] }],
  resumed: [{ at: '2026-01-31T12:00:30.000Z', who: 'ops@workstation' }],
  hooks: [],
  ran: {
    commands: [
      {
        host: 'node-1',
        says: 'read the head',
        text: 'cat /head',
        mutates: false,
        startedAtMs: Date.parse('2026-01-31T12:00:00.300Z'),
        durationMs: 12,
        exit: 0,
      },
    ],
    missing: null,
  },
}

const hostile = `</style><script src=//evil></script><img onerror="x" src='http://evil'>&"'\u202e\u001b[2J`

/** The example with words from outside wherever a host or a file has its say. */
export const spoiled: FullReport = {
  ...full,
  report: {
    ...migrated,
    says: hostile,
    leftBehind: [hostile],
    failure: { kind: 'failed', message: hostile, changedAnything: 'yes', retryable: true, hint: hostile },
    steps: migrated.steps.map((step) => ({ ...step, says: hostile })),
  },
  evidence: [{ title: hostile, rows: [[hostile, hostile]] }],
  heights: full.heights.map((one) => ({ ...one, node: hostile })),
  approvals: full.approvals.map((one) => ({ ...one, by: hostile, rows: [[hostile, hostile]] as const })),
  ran: {
    commands: full.ran.commands.map((one) => ({ ...one, host: hostile, says: hostile, text: hostile })),
    missing: hostile,
  },
}

export const status: Status = {
  run: waiting.run,
  chain: 'lab-chain',
  state: waiting.state,
  says: waiting.says,
  phase: 'gate',
  outcome: 'waiting',
  attempt: 1,
  running: false,
  failure: null,
  next: waiting.next,
  dir: '/var/evha/runs/lab-chain-20260131T120000-a1b2',
}

/** The machine's first state. */
export const checkState: StateView = viewOf(begin({ chain: 'lab-chain', source: 'node-1', nodes: 5 }))

export const stoppedState: StateView = {
  ...checkState,
  path: 'window.stop',
  phase: 'window',
  says: 'stopping node-1: the chain stands still from here',
  tags: new Set(['reversible', 'chain-stopped']),
}
