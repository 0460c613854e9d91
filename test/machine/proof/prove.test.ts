import { expect, test } from 'vitest'
import { edges, states } from '../../../src/machine/graph.ts'
import { prove, sizes } from '../../../src/machine/proof/prove.ts'
import { proofText } from '../../../src/ui/proof-text.ts'

const proof = prove()

test('no path of the machine that evha runs is unsafe, for any size of cluster', () => {
  expect(proof.machines.flatMap((machine) => machine.findings)).toEqual([])
  expect(proof.ok).toBe(true)
})

test('the search is told in counts: the table, and how much can happen', () => {
  const [migrate] = proof.machines
  expect(migrate).toMatchObject({
    name: 'migrate',
    states: states().length,
    edges: edges().length,
    ungated: [],
    deadEnds: [],
    unreachable: [],
    unhandled: [],
    withoutEffect: [],
    ok: true,
  })
  expect(migrate?.irreversibleEdges.map((edge) => edge.from)).toEqual([
    'gate.cutover',
    'gate.commit',
    'gate.finish',
    'gate.rollback',
  ])
  expect(migrate?.searched.map((one) => one.nodes)).toEqual([...sizes, sizes[0]])
  for (const { moments, moves } of migrate?.searched ?? []) expect(moves).toBeGreaterThan(moments)
})

test('all is well in words: what is irreversible, and what was searched', () => {
  const text = proofText(proof)
  expect(text).toContain('no path is unsafe')
  expect(text).toContain('gate.commit to commit.decide: the cluster may produce a block')
  expect(text).not.toContain('{')
  expect(text).toMatch(/7 nodes, hosts and dead-men: \d+ moments/)
})
