import { expect, test } from 'vitest'
import type { Proof } from '../../src/machine/proof/prove.ts'
import { proveMachine } from '../../src/machine/proof/prove.ts'
import { refuseUnproved } from '../../src/run/refuse-unproved.ts'
import type { LoadedRunbook } from '../../src/runbook/load.ts'
import { findingLines } from '../../src/ui/proof-text.ts'
import { effectMutants } from '../machine/proof/effect-mutants.ts'

const nodes = ['a', 'b', 'c'] as unknown as LoadedRunbook['nodes']

/** A proof that really failed: of a machine whose fence was taken away. */
function failed(): Proof {
  const [mutant] = effectMutants
  if (mutant === undefined) throw new Error('there is no mutant')
  return { machines: [proveMachine(mutant[1], [3])], ok: false }
}

test('a production run is refused when a path is unsafe, before anything is done', () => {
  expect(() => refuseUnproved({ staging: false, nodes }, failed)).toThrow(
    expect.objectContaining({
      kind: 'blocked',
      changedAnything: 'no',
      message: expect.stringMatching(/^this evha is not safe to run: the old sequencer may sign again/),
      hint: expect.stringContaining('evha prove'),
    }),
  )
})

test('a run on staging hosts is not held up, and searches nothing', () => {
  const search = () => {
    throw new Error('searched')
  }
  expect(() => refuseUnproved({ staging: true, nodes }, search)).not.toThrow()
})

test('a production run with the machine as it is goes on, searched for its own size', () => {
  expect(() => refuseUnproved({ staging: false, nodes })).not.toThrow()
})

test('a counter-example is numbered, sentence by sentence', () => {
  const [finding] = failed().machines.flatMap((machine) => machine.findings)
  if (finding === undefined) throw new Error('there is no finding')
  const lines = findingLines(finding)
  expect(lines.slice(1, 4)).toEqual([
    'returnAfterCommit: the old sequencer may sign again although the commit fell and no rollback has forbidden a quorum',
    '  It comes about like this (node-1 is the source):',
    '   1. check is done',
  ])
  expect(lines.at(-1)).toMatch(/^ {2}\d+\. node-1 dies: its process and its guard are gone$/)
})
