import { expect, test } from 'vitest'
import type { StepName } from '../../src/base/names.ts'
import { ignores, type RunEvent, viewOf } from '../../src/machine/decider.ts'
import {
  approve,
  chain,
  committed,
  deciding,
  done,
  failed,
  opened,
  path,
  pathAfter,
  play,
  stopped,
  verified,
  warm,
} from './walk.ts'

test.each<[string, readonly RunEvent[]]>([
  ['check', []],
  ['gate.cutover', path['gate.cutover']],
  ['window.arm', opened],
  ['window.sync', stopped],
  ['gate.commit', warm],
  ['commit.decide', deciding],
  ['commit.start', committed],
  ['soak', verified],
  ['gate.finish', [...verified, done('soak')]],
  [
    'done',
    [...verified, done('soak'), done('weighFinish', { digest: 'finish' }), approve('finish'), done('finish')],
  ],
])('the straight path leads to %s', (state, events) => {
  expect(pathAfter(events)).toBe(state)
})

test('an approval counts only for this chain, this gate and the digest the gate shows', () => {
  const shown = play([...path['gate.cutover'], done('weighCutover', { digest: 'now' })])
  const wrong: RunEvent[] = [
    approve('cutover', 'before'),
    approve('commit', 'now'),
    { type: 'APPROVE', gate: 'cutover', chain: 'other', digest: 'now', by: 'test' },
    { type: 'APPROVE', gate: 'cutover', chain, digest: '', by: 'test' },
  ]
  for (const event of wrong) expect(ignores(shown, event)).toBe(true)
  expect(ignores(shown, approve('cutover', 'now'))).toBe(false)
})

test('an approval before any evidence was shown counts for nothing', () => {
  expect(pathAfter([...path['gate.cutover'], approve('cutover', '')])).toBe('gate.cutover')
})

test('a resume voids every approval and the evidence with it', () => {
  const resumed = play([
    ...warm,
    done('weighCommit', { digest: 'commit' }),
    { type: 'RESUME', windowOverran: false },
  ])
  expect(ignores(resumed, approve('commit'))).toBe(true)
})

test.each<[string, readonly RunEvent[], StepName]>([
  ['window.arm', opened, 'arm'],
  ['window.stop', [...opened, done('arm'), done('fence')], 'stopSource'],
  ['window.prove', [...stopped, done('finalSync')], 'proveEqual'],
])('a failure in %s goes back to the single sequencer', (_state, events, step) => {
  const view = viewOf(play([...events, failed(step)]))
  expect(view.path).toBe('abort.copies')
  expect(view.context.returnCause).toBe('failure')
})

test.each<[string, RunEvent]>([
  ['the budget is spent', { type: 'BUDGET_SPENT' }],
  ['the commit is declined', { type: 'DECLINE', gate: 'commit' }],
  ['the operator aborts', { type: 'ABORT' }],
  ['the run is resumed too late', { type: 'RESUME', windowOverran: true }],
])('at the commit gate, when %s, the run goes back', (_why, event) => {
  expect(pathAfter([...warm, event])).toBe('abort.copies')
})

test('after the point of no return nothing leads back to the old sequencer but a rollback', () => {
  for (const event of [
    { type: 'ABORT' },
    { type: 'BUDGET_SPENT' },
    { type: 'RESUME', windowOverran: true },
  ] as const)
    expect(pathAfter([...committed, event])).toBe('commit.start')
  expect(pathAfter([...committed, failed('startQuorum')])).toBe('commit.start')
  expect(pathAfter([...committed, { type: 'ROLLBACK' }])).toBe('gate.rollback')
})

test.each([
  ['committed', 'commit.start'],
  ['open', 'abort.copies'],
  ['returned', 'abort.copies'],
])('a decision whose end was not seen is read from the arbiter: %s leads to %s', (decision, state) => {
  const lost = [...deciding, failed('decide')]
  expect(pathAfter(lost)).toBe('commit.settle')
  expect(pathAfter([...lost, done('readDecision', { decision })])).toBe(state)
})

test('a crash while deciding reads the arbiter, even when the budget is long spent', () => {
  expect(pathAfter([...deciding, { type: 'RESUME', windowOverran: true }])).toBe('commit.settle')
})

test('a crash before the decision fell counts as an interruption, which is tried again at once', () => {
  const crashed = [
    ...deciding,
    { type: 'RESUME', windowOverran: false } as const,
    done('readDecision', { decision: 'open' }),
  ]
  expect(viewOf(play(crashed))).toMatchObject({
    path: 'abort.copies',
    context: { returnCause: 'interrupted' },
  })
})

const back: RunEvent[] = [
  done('killCopies'),
  done('revokePermits'),
  done('stopRaft'),
  done('disarm'),
  done('returnDecision', { decision: 'returned' }),
  done('checkConfigs'),
  done('unfence'),
  done('startSource'),
]

test('the way back keeps its order: Raft stopped, decision returned, then unfence, then start', () => {
  const states = back.map((_, i) => pathAfter([...warm, { type: 'ABORT' }, ...back.slice(0, i + 1)]))
  expect(states).toEqual([
    'abort.permits',
    'abort.raft',
    'abort.disarm',
    'abort.decide',
    'abort.configs',
    'abort.unfence',
    'abort.start',
    'abort.block',
  ])
})

test('a decision found committed on the way back turns the run forward again', () => {
  const found = [...back.slice(0, 4), done('returnDecision', { decision: 'committed' })]
  expect(pathAfter([...warm, { type: 'BUDGET_SPENT' }, ...found])).toBe('commit.start')
})

test('an abort by the operator ends the run, any other return can be tried again from seeding', () => {
  const byHand = [...warm, { type: 'ABORT' } as const, ...back, done('seeBlock'), done('tidy')]
  expect(pathAfter(byHand)).toBe('aborted')
  const byBudget = [...warm, { type: 'BUDGET_SPENT' } as const, ...back, done('seeBlock')]
  expect(pathAfter(byBudget)).toBe('window.returned')
  const again = viewOf(play([...byBudget, { type: 'NEXT_ATTEMPT' }]))
  expect(again.path).toBe('seedData')
  expect(again.context).toMatchObject({ attempt: 2, approvals: {}, evidence: {}, returnCause: null })
  expect(again.context.facts.stopSource).toBeUndefined()
  expect(again.context.facts.check).toBeDefined()
})

test('an abort after an automatic return goes the whole way back once more, and removes what was prepared', () => {
  const returned = [...warm, { type: 'BUDGET_SPENT' } as const, ...back, done('seeBlock')]
  const aborted = [...returned, { type: 'ABORT' } as const]
  expect(pathAfter(aborted)).toBe('abort.copies')
  expect(pathAfter([...aborted, ...back, done('seeBlock')])).toBe('abort.tidy')
  expect(pathAfter([...aborted, ...back, done('seeBlock'), done('tidy')])).toBe('aborted')
})

test('contradicting evidence needs a human, wherever it is found', () => {
  expect(pathAfter([...stopped, failed('finalSync', 'contradiction')])).toBe('needsHuman')
  expect(
    pathAfter([
      ...committed,
      done('startQuorum'),
      done('startRest'),
      failed('verifyElection', 'contradiction'),
    ]),
  ).toBe('needsHuman')
})

test('a height signed twice ends all writing first, and a human is asked then, with what was seen', () => {
  const failure = {
    kind: 'contradiction',
    message: 'twice',
    changedAnything: 'yes',
    retryable: false,
    hint: '',
  } as const
  const signedTwice = { type: 'SIGNED_TWICE', failure, heights: [7], seen: ['twice'], proofs: [] } as const
  const found = (events: readonly RunEvent[]) => [...events, signedTwice]
  for (const events of [warm, committed, verified, [...verified, done('soak')]]) {
    expect(pathAfter(found(events))).toBe('halt')
    // Not even a contradiction leads past the stop.
    expect(pathAfter([...found(events), failed('stopWriters', 'contradiction')])).toBe('halt')
    const { path: state, context } = viewOf(play([...found(events), done('stopWriters', { unreached: [] })]))
    expect(state).toBe('needsHuman')
    expect(context).toMatchObject({ signedTwice: { heights: [7], seen: ['twice'] }, returnFailure: failure })
  }
  // Which way the decision falls is seen first.
  expect(pathAfter(found(deciding))).toBe('commit.decide')
  // Its members are down: a rollback that is declined does not go on with them.
  const down = [...found(verified), done('stopWriters', { unreached: [] })]
  const asked: RunEvent[] = [...down, { type: 'ROLLBACK' }, done('weighRollback', { digest: 'rollback' })]
  expect(pathAfter(asked)).toBe('gate.rollback')
  expect(pathAfter([...asked, { type: 'DECLINE', gate: 'rollback' }])).toBe('gate.rollback')
  expect(pathAfter([...found(warm), done('stopWriters'), { type: 'ABORT' }])).toBe('abort.copies')
})

test('from needsHuman the way depends on whether the commit fell', () => {
  const before = [...stopped, failed('finalSync', 'contradiction')]
  const after = [...committed, failed('startQuorum', 'contradiction')]
  expect(pathAfter([...before, { type: 'ROLLBACK' }])).toBe('needsHuman')
  expect(pathAfter([...before, { type: 'ABORT' }])).toBe('abort.copies')
  expect(pathAfter([...after, { type: 'ABORT' }])).toBe('needsHuman')
  expect(pathAfter([...after, { type: 'ROLLBACK' }])).toBe('gate.rollback')
})

test('preparation that fails stays where it is, to be tried again', () => {
  const view = viewOf(play([done('check'), failed('preparePeers')]))
  expect(view.path).toBe('preparePeers')
  expect(view.context.failure?.message).toBe('no')
  expect(
    viewOf(play([{ type: 'RETRY' }], play([done('check'), failed('preparePeers')]))).context.failure,
  ).toBeNull()
})

test('a dead-man that was quicker is found on the way back, which ends it and waits for a block', () => {
  const quicker = [...deciding, failed('decide'), done('readDecision', { decision: 'returned' })]
  expect(viewOf(play(quicker))).toMatchObject({
    path: 'abort.copies',
    context: { returnCause: 'deadMan' },
  })
  expect(pathAfter([...quicker, ...back, done('seeBlock')])).toBe('window.returned')
})

const declined: RunEvent[] = [{ type: 'ROLLBACK' }, { type: 'DECLINE', gate: 'rollback' }]

test.each<[string, string, readonly RunEvent[]]>([
  ['the quorum was not started', 'commit.start', committed],
  ['the others were not started', 'commit.rest', [...committed, done('startQuorum')]],
  ['all were started', 'verifyElection', verified],
])('a rollback that is declined goes forward: when %s, at %s', (_when, state, events) => {
  expect(pathAfter([...events, ...declined])).toBe(state)
})

test('once a rollback was approved, declining leads nowhere: only the rollback is left', () => {
  const rollingBack = [
    ...verified,
    { type: 'ROLLBACK' } as const,
    done('weighRollback', { digest: 'rollback' }),
    approve('rollback'),
    failed('stopAll', 'contradiction'),
  ]
  expect(pathAfter([...rollingBack, ...declined])).toBe('gate.rollback')
})

test('a gate forgets what it has shown when the run leaves it', () => {
  const shown = [...verified, { type: 'ROLLBACK' } as const, done('weighRollback', { digest: 'rollback' })]
  expect(viewOf(play(shown)).context.evidence).toEqual({ rollback: 'rollback' })
  const again = [...shown, { type: 'DECLINE', gate: 'rollback' } as const, { type: 'ROLLBACK' } as const]
  expect(viewOf(play(again)).context.evidence).toEqual({})
  expect(ignores(play(again), approve('rollback'))).toBe(true)
})

test('what made the decision fail is told as the reason of the way back', () => {
  for (const decision of ['open', 'returned'] as const) {
    const view = viewOf(play([...deciding, failed('decide'), done('readDecision', { decision })]))
    expect(view.context).toMatchObject({ failure: null, returnFailure: { message: 'no' } })
  }
})

test('in the window a dead-man that acted leads back and is told as the reason; elsewhere it is not heard', () => {
  const failure = {
    kind: 'interrupted',
    message: 'gone',
    changedAnything: 'yes',
    retryable: true,
    hint: '',
  } as const
  for (const events of [opened, stopped, warm])
    expect(viewOf(play([...events, { type: 'DEAD_MAN', failure }]))).toMatchObject({
      path: 'abort.copies',
      context: { returnCause: 'deadMan', returnFailure: failure },
    })
  for (const events of [path['gate.cutover'], deciding, committed, verified])
    expect(ignores(play(events), { type: 'DEAD_MAN', failure })).toBe(true)
})
