// What the soak takes for a chain that goes on: heads before and after it, told by nodes that may be silent.
import { expect, test } from 'vitest'
import { soak } from '../../../src/steps/after/soak.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'

type Heads = readonly (number | null)[]

/** The soak of three members with these heads before and after it; null: that node answers nothing. */
async function soaked(before: Heads, after: Heads): Promise<string> {
  let heads = before
  const nodes = ['node-1', 'node-2', 'node-3'].map((name) => ({ spec: { name } }) as Host)
  const context = {
    nodes,
    source: nodes[0],
    peers: nodes.slice(1),
    facts: {
      proveEqual: { equal: ['node-2', 'node-3'] },
      verifyElection: { notVoting: {}, firstClusterHeight: 100 },
    },
    runbook: { window: { soakSeconds: 60 } },
    sleep: async () => {
      heads = after
    },
    watched: async () => ({ daRead: true }),
    rpc: ({ spec }: Host) => ({
      state: async () => {
        const height = heads[nodes.findIndex((node) => node.spec.name === spec.name)] ?? null
        return height === null
          ? { kind: 'timeout', afterMs: 1 }
          : { kind: 'ok', value: { lastBlockHeight: height } }
      },
    }),
  } as unknown as StepContext
  return soak.apply(context).then(
    () => 'goes on',
    (thrown: Error) => thrown.message,
  )
}

const standsStill = (height: number) => `no node got a block in 60 s; the lowest head is ${height}`

test.each<readonly [what: string, before: Heads, after: Heads, says: string]>([
  ['all have got blocks', [110, 110, 110], [170, 170, 169], 'goes on'],
  ['none has got one', [110, 110, 110], [110, 110, 110], standsStill(110)],
  ['none has got one; one was silent before', [110, null, 110], [110, 110, 110], standsStill(110)],
  ['none has got one; all were silent before', [null, null, null], [100, 100, 100], standsStill(100)],
  ['all have; one was silent before', [110, null, 110], [170, 170, 170], 'goes on'],
  ['one is silent in the end', [110, 110, 110], [170, null, 170], standsStill(0)],
])('%s', async (_, before, after, says) => expect(await soaked(before, after)).toBe(says))
