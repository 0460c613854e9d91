import { z } from 'zod'
import {
  failure,
  gate,
  list,
  number,
  numbers,
  object,
  orNull,
  phaseName,
  printed,
  text,
  time,
  truth,
} from './shape.ts'

const outcome = z
  .enum(['migrated', 'aborted', 'returned', 'rolledBack', 'waiting', 'interrupted', 'failed', 'needsHuman'])
  .describe(
    'how the run stands or ended; `returned`: the dead-man or the budget brought the old sequencer back',
  )

const run = text('id of the run')
const chain = text('chain id')
const state = text('state of the run; `evha graph` shows them all')
const says = text('what that state does, one sentence')
const attempt = number('1 for the first cutover; rises with each return to seedData')
const next = orNull(z.string(), 'the command to type next; null when nothing is left to do')
const failed = orNull(failure, 'what went wrong last')

const step = object({
  state,
  says,
  attempt,
  startedAt: time('its start'),
  durationMs: number('how long it took'),
  ok: truth('false: it failed or was broken off'),
})

const ms = (meaning: string) => orNull(z.number(), meaning)

/** What `migrate`, `resume`, `adopt`, `abort`, `rollback` and `report` print. */
export const report = printed({
  run,
  chain,
  outcome,
  standIn: truth("the nodes were the lab's stand-ins: the figures say nothing about the real node"),
  state,
  says,
  attempt,
  startedAt: time('the run was begun'),
  endedAt: orNull(z.string(), 'ISO time: the last process that drove it ended; null before'),
  lastOldHeight: ms('N, the last block of the single sequencer'),
  firstClusterHeight: ms('the first block of the cluster, N + 1'),
  gapMs: ms('block time of N to block time of N + 1'),
  ownOverheadMs: ms(
    'the part of the gap that is neither the node itself nor the wait for the operator; by the clock of the workstation alone',
  ),
  operatorWaitMs: number('how long the commit gate waited for an answer; 0 when it was approved ahead'),
  predictedGapMs: ms('the gap as the cutover gate predicted it'),
  nodesVoting: ms('nodes that run, are listed as members and have the blocks since N + 1 with equal hashes'),
  nodesTotal: number('nodes of the runbook'),
  hashContinuity: orNull(z.boolean(), 'N + 1 is linked to N by hash on every node'),
  forks: numbers('heights that were signed twice; there must be none'),
  clients: list(
    object({
      node: text('node'),
      height: orNull(z.number(), 'its newest block; null: it did not say'),
      hash: orNull(
        z.string(),
        'of the block it was compared by: the last old one or the first of the cluster; after a way back of its newest',
      ),
      why: orNull(z.string(), 'what is wrong with it, one sentence; null: it holds the chain'),
    }),
  )
    .optional()
    .describe('the execution clients at the last look; absent on a chain whose nodes drive none'),
  bytesSeeded: number('bytes copied while the chain ran'),
  bytesFinal: number('bytes copied inside the window'),
  approvals: list(
    object({
      gate,
      by: text('who approved, and how'),
      at: time('the approval'),
      digest: text('sha256 over the fields the approval is bound to'),
    }),
  ).describe('in the order they were given'),
  rehearsal: z
    .union([
      object({ digest: text('of the rehearsal'), record: text('id of its record') }),
      object({ waivedBy: text('who went without one') }),
    ])
    .nullable()
    .optional()
    .describe('what stood for a run on production; null or absent on staging and in the lab'),
  steps: list(step).describe('each step as it went'),
  leftBehind: list(z.string()).describe('what stays on the hosts, as sentences'),
  failure: failed,
  next,
})

const standing = {
  run,
  chain,
  state,
  says,
  phase: phaseName,
  outcome,
  attempt,
  running: truth('an evha process drives the run now'),
  failure: failed,
  next,
  dir: text("the run's directory: journal and log"),
}

export const status = printed(standing)

/** One line of `status --watch --json`. */
export const watched = printed({
  ...standing,
  stateDir: text('the state directory'),
  gate: orNull(z.string(), 'the gate it waits at'),
  open: truth('false: the run can not go on any more'),
  irreversible: truth('`abort` is too late'),
  stoppedSinceMs: ms("epoch ms by the source's clock: no sequencer produces since; null while one does"),
  deadlineMs: ms("epoch ms: the window's budget is spent; null outside of the window"),
  live: orNull(
    object({
      at: time('when this was seen'),
      progress: text('the last line about what goes on inside the state'),
      heights: z.record(z.string(), z.number()).describe('the last height seen of each node'),
      heightsAt: orNull(time('when the last of them was seen'), 'null before the first'),
    }),
    'what the process at work sees; null when nobody drives the run',
  ),
  steps: list(step).describe('the last steps that ended'),
})

export const explanation = printed({
  run: orNull(z.string(), 'id of the run; null: a state was asked about'),
  chain: orNull(z.string(), 'chain id; null: a state was asked about'),
  state,
  says,
  source: text('the node that is the single sequencer'),
  reversible: truth('what was done up to here can be undone by an abort'),
  runningNow: text('what produces blocks now, one sentence'),
  ifLost: object({
    workstation: text('what follows if this workstation is lost now'),
    source: text('the same of the source'),
    anotherHost: text('the same of another host'),
  }),
  choices: list(
    object({
      command: text('a command that may be typed'),
      does: text('what it does'),
      irreversible: orNull(z.string(), 'what can not be undone once it is approved; null: it can be undone'),
    }),
  ).describe('what may be typed here'),
})

export const lock = printed({
  chain,
  state: z
    .enum(['free', 'held', 'silent', 'released'])
    .describe('`silent`: the holder was not heard in time and may be taken over'),
  run: orNull(z.string(), 'id of the run that is held'),
  by: orNull(z.string(), 'user@workstation'),
  since: orNull(z.string(), 'ISO time: held since'),
  epoch: number('rises with each holder; a command of a lower one is refused by the hosts'),
  silentSeconds: orNull(
    z.number(),
    'since the holder was heard; null when nobody holds it or no host was up',
  ),
  leaseSeconds: number('a holder not heard for so long may be taken over'),
  says: orNull(z.string(), 'where the run stands, by the journals on the hosts'),
  unfinished: orNull(z.string(), 'the irreversible step that was begun and whose end is not in the journals'),
  hosts: list(object({ host: text('node'), says: text('what it says, or why it does not') })),
  here: orNull(
    object({
      pid: number('process of this workstation'),
      user: text('whose it is'),
      since: time('it holds the chain here since'),
      alive: truth('it runs'),
    }),
    'the process of this workstation that holds the chain, if any',
  ),
})

export const paused = printed({
  run,
  state,
  says,
  later: truth('the window is open: the run first goes on to where the chain produces again'),
})

export const error = printed({
  error: failure.describe('why there is no other answer'),
  run: z.string().optional().describe('id of the run it happened in, when there was one'),
})
