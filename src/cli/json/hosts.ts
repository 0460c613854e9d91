import { z } from 'zod'
import {
  gate,
  list,
  number,
  numbers,
  object,
  orNull,
  pairs,
  phaseName,
  printed,
  text,
  texts,
  time,
  truth,
} from './shape.ts'

const chain = text('chain id')

const finding = object({
  level: z.enum(['blocks', 'warns', 'notes']).describe('`blocks`: no migration until it is cured'),
  host: text('the node, or what else it is about'),
  what: text('what is wrong'),
  evidence: text('what was looked at, and what it gave'),
  why: text('why it matters'),
  cure: text('the command or edit that cures it'),
  fix: object({
    commands: list(z.tuple([z.string()], z.string()).readonly()).describe(
      'argument lists, run in this order',
    ),
    undo: text('the command that takes it back'),
  })
    .optional()
    .describe('what `check --fix` does about it; absent where evha does nothing'),
})

const checked = {
  chain,
  ok: truth('false: something blocks (exit 3)'),
  findings: list(finding).describe('worst first in the text; here in the order they were looked for'),
  facts: pairs('what was seen: label and value'),
}

export const check = printed(checked)

const fix = {
  host: text('node'),
  what: text('the finding it cures'),
  commands: texts('what is run on the host, ready to be typed there'),
  undo: text('the command that takes it back'),
}

export const fixed = printed({
  ...checked,
  planned: list(object(fix)).describe('what was listed'),
  done: orNull(
    list(object({ ...fix, failed: orNull(z.string(), 'what the host said; null: it is done') })),
    'what was done; null: there was no consent, nothing was done',
  ),
})

export const unitFile = printed({
  file: text('the file written'),
  text: text('the unit in it'),
  next: texts('what to type to have systemd run it'),
})

export const init = printed({
  file: text('the runbook written'),
  chain,
  found: list(z.tuple([z.string(), z.string(), z.string()]).readonly()).describe(
    'label, value, and where it was seen',
  ),
  assumed: texts('what was not seen and taken to be so'),
  warnings: texts('what stands in the way of a migration already'),
})

const command = object({
  host: text('node'),
  says: text('what it is for'),
  text: text('the exact command; what is secret stands as `[redacted]`'),
  mutates: truth('it changes something on the host'),
})

const paper = object({
  chain,
  source: text('the node that is the single sequencer'),
  nodes: texts('every node'),
  runbook: object({ path: text('the runbook'), digest: text('sha256 of what it says') }),
  evha: object({ version: text('version of evha'), graph: text('sha256 of its state machine') }),
  world: object({
    binarySha256: text("sha256 of the node's binary"),
    genesisSha256: text('sha256 of genesis.json'),
    sourceConfigSha256: text("sha256 of the source's evnode.yaml"),
    sourceUnitSha256: text("sha256 of the source's unit as systemd reads it"),
    proposerAddress: text('the proposer'),
    head: object({ height: number('the head that was seen'), hash: text('base64 of its block hash') }),
  }).describe('what the plan was made for; a saved plan is refused when one of it is another'),
  states: list(
    object({
      state: text('state of the run'),
      phase: phaseName,
      says: text('what it does, one sentence'),
      words: texts('the same in more words'),
      gate: orNull(gate, 'the gate that is asked here'),
      irreversible: orNull(z.string(), 'what can not be undone from here on'),
      commands: list(command).describe('in the order they are run'),
    }),
  ).describe('the straight path from check to done'),
  diff: z.record(z.string(), list(z.string())).describe("changed lines of each node's evnode.yaml"),
  timing: text('the Raft timing, and where it comes from'),
  unknown: texts('what a dry run can not know'),
})

export const plan = printed({
  chain,
  ok: checked.ok,
  findings: checked.findings,
  plan: orNull(paper, 'null: something blocks (exit 3)'),
  file: orNull(z.string(), 'the file it was saved in; null without --out'),
})

const spread = (meaning: string) =>
  object({
    p50Ms: number('median'),
    p95Ms: number('95th percentile'),
    samples: number('how many were measured'),
  })
    .nullable()
    .describe(meaning)

export const rehearsal = printed({
  id: text('id of the record'),
  at: time('when it ended'),
  ok: truth('every part went as it must'),
  on: z.enum(['lab', 'staging']).describe('where it was'),
  standIn: truth("the nodes were the lab's stand-ins"),
  chain: text('the throwaway chain'),
  runbook: text('the runbook that was rehearsed'),
  runs: texts('ids of its runs, in the same state directory'),
  subject: object({
    binarySha256: text("sha256 of the node's binary"),
    settingsSha256: text('sha256 of the settings that decide how the node behaves'),
    timing: text('the Raft timing of the runbook'),
    nodes: number('how many nodes'),
    evhaVersion: text('version of evha'),
    graphHash: text('sha256 of its state machine'),
  }).describe('what was rehearsed; another one of these is another migration'),
  digest: text('sha256 over the subject: what `migrate --rehearsal` asks for'),
  parts: z
    .record(z.string(), spread('one part').unwrap())
    .describe('how long each part of the window took, by its name: `p50Ms`, `p95Ms`, `samples`'),
  gap: spread('the gap of the migrations'),
  overrun: spread('from the end of the budget to a new block of the single sequencer'),
  failover: spread('from the last block before the leader was killed to the first one after'),
  allVoting: spread('from the kill of the leader until every node voted again'),
  rollback: spread('from the approval of the rollback to a new block of the single sequencer'),
  replayMsPerBlock: number(
    'what a block took to be replayed to an execution client, ms, the slowest that was seen; absent on a chain without',
  ).optional(),
  seededBytes: number('bytes of the files laid beside the chain'),
  signedTwice: numbers('heights that were signed twice; there must be none'),
  failure: orNull(z.string(), 'why it is not ok'),
  file: text('the record as it was kept'),
})

export const cleaned = printed({ cleaned: texts('the nodes it was taken away from') })
