import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { built } from '../cli/built.ts'
import type { Case } from './case.ts'
import { groups } from './cases/all.ts'
import { onGround } from './ground.ts'
import { knownDifferences } from './known-differences.ts'
import { compare, NotReachable, type Outcome, type Verdict } from './observation.ts'
import { type Recorded, readRecorded, writeRecorded } from './recorded.ts'
import { realNode, type Subject, standIn } from './subject.ts'
import { countsOf, type Row, tableOf } from './table.ts'

const real = realNode(process.env)
/** Set with EVHA_NODE_BIN: what the real node does becomes what the stand-in is held to. */
const recording = process.env['EVHA_CONFORMANCE_RECORD'] === '1'
const label = process.env['EVHA_NODE_LABEL'] ?? 'version not named'
const recorded = readRecorded()
const rows = new Map<string, Row>()
const seen: Record<string, Outcome> = {}

async function outcomeOf(subject: Subject, one: Case): Promise<Outcome> {
  const outcome = await onGround(subject, one.see).then(
    (observation): Outcome => ({ kind: 'seen', observation }),
    (thrown: unknown): Outcome => {
      const why = thrown instanceof Error ? thrown.message : String(thrown)
      return { kind: thrown instanceof NotReachable ? 'notReachable' : 'failed', why }
    },
  )
  // A real node takes its time: say how far it is.
  if (real !== undefined) process.stderr.write(`${subject.name}: ${one.name}: ${outcome.kind}\n`)
  return outcome
}

function ofRealNode(one: Case): Promise<Outcome> | Outcome {
  if (real !== undefined) return outcomeOf(real, one)
  return recorded.cases[one.name] ?? { kind: 'failed', why: 'this case was never recorded' }
}

async function judge(group: string, one: Case): Promise<Verdict> {
  const shown = await outcomeOf(standIn, one)
  const truth = await ofRealNode(one)
  seen[one.name] = truth
  const verdict = compare(shown, truth)
  rows.set(one.name, { group, name: one.name, verdict })
  return verdict
}

beforeAll(built)

afterAll(() => {
  const ordered = Object.values(groups)
    .flat()
    .flatMap(({ name }) => rows.get(name) ?? [])
  if (real !== undefined && recording) {
    // What chance hid this time was seen before, perhaps.
    const whole = Object.entries(seen).filter(
      ([name, { kind }]) => kind === 'seen' || recorded.cases[name] === undefined,
    )
    const next: Recorded = {
      node: label,
      day: new Date().toISOString().slice(0, 10),
      cases: { ...recorded.cases, ...Object.fromEntries(whole) },
    }
    writeRecorded(next)
  }
  const against =
    real === undefined
      ? `the real node as recorded (${recorded.node}, ${recorded.day})`
      : `the real node (${label})`
  process.stdout.write(
    `\nThe stand-in held against ${against}\n\n${tableOf(ordered)}\n\n${countsOf(ordered)}\n`,
  )
})

describe.each(Object.entries(groups))('%s', (group, cases) => {
  for (const one of cases) {
    test.concurrent(one.name, async () => {
      const verdict = await judge(group, one)
      const known = knownDifferences[one.name]
      if (verdict.kind === 'failed') expect.fail(verdict.why)
      const found = verdict.kind === 'differs' ? verdict.differences : []
      if (known === undefined) expect(found).toEqual([])
      else expect(found.map(({ at }) => at)).toEqual(known.at)
    })
  }
})
