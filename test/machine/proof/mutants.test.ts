import { expect, test } from 'vitest'
import { proveMachine } from '../../../src/machine/proof/prove.ts'
import { migrate } from '../../../src/machine/proof/subject.ts'
import { effectMutants } from './effect-mutants.ts'
import { tableMutants } from './table-mutants.ts'

// A search that can not fail proves nothing: what keeps a run safe is taken away, one thing at a time, and the search
// must name the law that breaks and tell in words how it comes about.

test.each([...tableMutants, ...effectMutants])(
  'without %s the search fails',
  (_what, subject, law, words) => {
    const proof = proveMachine(subject, [3])
    expect(proof.ok).toBe(false)
    expect(proof.findings.map((one) => one.law)).toContain(law)
    const told = proof.findings.flatMap((one) => (one.law === law ? [one.says, ...one.path] : []))
    expect(told.join('\n')).toContain(words)
  },
)

test('the machine as it is passes what its mutants fail', () => {
  expect(proveMachine(migrate, [3])).toMatchObject({ ok: true, findings: [] })
})
