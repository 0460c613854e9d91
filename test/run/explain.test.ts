import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { createRun } from '../../src/journal/runs.ts'
import { stateFacts } from '../../src/machine/graph.ts'
import { explainRun, explainState } from '../../src/run/explain.ts'
import { explainText } from '../../src/ui/explain-text.ts'
import { runbookOn } from '../cli/runbook.ts'
import { header } from '../journal/header.ts'
import { scratch } from '../journal/scratch.ts'
import { prepared } from '../machine/walk.ts'

/** A run that waits at its first gate, with its evidence shown. */
function atTheGate(): string {
  const stateDir = scratch()
  const { journal } = createRun(stateDir, header, runbookOn(22, stateDir))
  const outputs = [
    ...prepared.map((event) => (event.type === 'STEP_DONE' ? event.step : 'check')),
    'weighCutover',
  ]
  for (const step of outputs) {
    journal.append({ type: 'intent', step, attempt: 1, key: 'k' })
    journal.append({ type: 'outcome', step, attempt: 1, ok: true, output: { digest: 'shown' } })
  }
  journal.close()
  return stateDir
}

test('a run is explained where it stands, with the commands of its own', () => {
  const stateDir = atTheGate()
  const told = explainRun(stateDir)
  expect(told).toMatchObject({ state: 'gate.cutover', source: 'node-1', reversible: true })
  expect(told.runningNow).toBe('node-1 produces alone; no node runs Raft')
  expect(told.choices.map(({ command }) => command.replace(told.run ?? '', 'RUN'))).toEqual([
    `evha resume RUN --confirm cutover=lab-chain --confirm commit=lab-chain --state-dir ${stateDir}`,
    'evha abort RUN',
  ])
  expect(told.choices[0]?.irreversible).toBe('the chain stops until the cluster produces or node-1 is back')
  const text = explainText(told)
  expect(text).toContain('lab-chain, gate.cutover: ready to cut over')
  expect(text).toContain('  can be undone  yes, all of it')
  expect(
    Math.max(
      ...text
        .split('\n')
        .filter((line) => !line.includes('evha resume'))
        .map((line) => line.length),
    ),
  ).toBeLessThan(81)
})

test.each([
  ['gate.commit', ['evha resume', 'evha abort'], 'yes, all of it'],
  ['commit.start', ['evha resume', 'evha rollback'], 'there is only forward, or a rollback'],
  ['rollback.rank', ['evha resume'], 'can be undone  no\n'],
  ['done', [], 'can be undone  no\n'],
])('%s offers %j', (state, commands, undone) => {
  const told = explainState(state)
  expect(told.choices.map(({ command }) => command)).toEqual(commands)
  expect(explainText(told)).toContain(undone)
})

test('every state can be explained, and none is left without a word', () => {
  for (const { path } of stateFacts()) {
    const text = explainText(explainState(path))
    expect(text).not.toMatch(/\{|undefined/)
    expect(text).toContain('If a machine is gone this second:')
  }
})

/** The hint of the refusal of a state that there is not. */
function hintFor(state: string): string {
  try {
    explainState(state)
  } catch (thrown) {
    if (thrown instanceof EvhaError) return thrown.hint
    throw thrown
  }
  throw new Error(`${state} was explained`)
}

test.each([
  ['gate.comit', 'type `evha explain --state gate.commit`'],
  ['Settle', 'type `evha explain --state commit.settle`'],
  ['commit.strt', 'type `evha explain --state commit.start`'],
  ['needhuman', 'type `evha explain --state needsHuman`'],
])('%s is no state; the nearest is said', (typed, hint) => {
  expect(hintFor(typed)).toBe(hint)
})

test('a state that is like nothing, or like several, is answered in a line or two, not with all of them', () => {
  expect(() => explainState('nonsense')).toThrow('nonsense is not a state of a migration')
  expect(hintFor('nonsense')).toMatch(
    /gate\.cutover, gate\.commit, gate\.finish, gate\.rollback; `evha graph`/,
  )
  expect(hintFor('window')).toMatch(/^name one like window\.arm, .*window\.returned; /)
  for (const { path } of stateFacts()) expect(hintFor(`${path}x`)).toContain(path)
})
