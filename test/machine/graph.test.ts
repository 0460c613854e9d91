import { expect, test } from 'vitest'
import { stepNames } from '../../src/base/names.ts'
import { edges, states } from '../../src/machine/graph.ts'
import { migrateMachine } from '../../src/machine/migrate.ts'
import { steps } from '../../src/steps/registry.ts'

const all = edges()

/** What can be reached when the edges that `without` names are cut. */
function reachable(without: (edge: (typeof all)[number]) => boolean = () => false): Set<string> {
  const seen = new Set(['check'])
  for (let grew = true; grew; ) {
    const next = all.filter(
      (edge) => seen.has(edge.from) && edge.to !== null && !without(edge) && !seen.has(edge.to),
    )
    for (const edge of next) if (edge.to !== null) seen.add(edge.to)
    grew = next.length > 0
  }
  return seen
}

test('every state can be reached', () => {
  expect(states().filter((state) => !reachable().has(state))).toEqual([])
})

test.each([
  ['cutover', 'window.arm'],
  ['commit', 'commit.decide'],
  ['finish', 'finish'],
  ['rollback', 'rollback.stop'],
])('without the approval of %s nothing leads to %s', (gate, state) => {
  const cut = reachable((edge) => edge.guard === `approvalHolds(${gate})`)
  expect(cut.has(state)).toBe(false)
})

test('the irreversible edges are exactly those of the four gates', () => {
  const irreversible = all.filter((edge) => edge.irreversible !== null)
  expect(irreversible.map((edge) => [edge.from, edge.event, edge.guard, edge.to])).toEqual([
    ['gate.cutover', 'APPROVE', 'approvalHolds(cutover)', 'window.arm'],
    ['gate.commit', 'APPROVE', 'approvalHolds(commit)', 'commit.decide'],
    ['gate.finish', 'APPROVE', 'approvalHolds(finish)', 'finish'],
    ['gate.rollback', 'APPROVE', 'approvalHolds(rollback)', 'rollback.stop'],
  ])
})

const ends = ['done', 'aborted', 'rolledBack', 'window.returned', 'needsHuman']

test('from every state there is a way to an end', () => {
  for (const state of states()) {
    const seen = new Set([state])
    for (let grew = true; grew; ) {
      const before = seen.size
      for (const edge of all) if (seen.has(edge.from) && edge.to !== null) seen.add(edge.to)
      grew = seen.size > before
    }
    expect(
      ends.some((end) => seen.has(end)),
      state,
    ).toBe(true)
  }
})

test('every state has its sentence, every working state a step, and every step fails somewhere', () => {
  for (const node of [...leaves()]) {
    const state = node.path.join('.')
    expect(node.meta?.says, state).toMatch(/^\S.*[^.]$/)
    const work = node.invoke[0]?.src as string | undefined
    if (work === undefined) {
      expect(ends, state).toContain(state)
      continue
    }
    expect(stepNames as readonly string[], state).toContain(work)
    expect(
      all.some((edge) => edge.from === state && edge.event === `xstate.error.actor.${work}`),
      state,
    ).toBe(true)
  }
})

test('every step is named after itself, says what it plans, and has a way back or a reason why not', () => {
  for (const name of stepNames) {
    const step = steps[name]
    expect(step.name).toBe(name)
    expect('undo' in step || step.irreversible.length > 10, name).toBe(true)
  }
})

interface Node {
  readonly path: readonly string[]
  readonly meta?: { readonly says?: string }
  readonly invoke: readonly { readonly src: unknown }[]
  readonly states: Readonly<Record<string, Node>>
}

function* leaves(node: Node = migrateMachine.root as unknown as Node): Generator<Node> {
  const children = Object.values(node.states)
  if (children.length === 0) yield node
  for (const child of children) yield* leaves(child)
}
