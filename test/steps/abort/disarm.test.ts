// The dead-men of the peers end on the way back, and none before the member that it is to end.
import { expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { type Answer, recording } from '../../../src/remote/recording.ts'
import { disarm } from '../../../src/steps/abort/return-decision.ts'
import type { Facts } from '../../../src/steps/facts.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { unreachable } from '../../unreachable.ts'
import { nodeIn } from '../host/locally.ts'

/** Five hosts on their way back: members run on `running`, and `silent` do not answer. */
function onTheWayBack(
  facts: Partial<Facts>,
  { running, silent }: { running: readonly string[]; silent: readonly string[] },
) {
  const did: string[] = []
  const told: string[] = []
  const up = new Set(running)
  const nodes = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'].map((name): Host => {
    const answer = ({ says, mutates }: Command): Answer => {
      if (silent.includes(name)) throw unreachable(`${name} cannot be reached`)
      if (mutates) did.push(`${name}: ${says}`)
      if (says.startsWith('stop')) up.delete(name)
      return { stdout: `ActiveState=${up.has(name) ? 'active' : 'inactive'}\n` }
    }
    return { spec: { ...nodeIn('/d'), name }, remote: recording(name, answer) }
  })
  const context = {
    run: 'r',
    attempt: 1,
    nodes,
    source: nodes[0],
    peers: nodes.slice(1),
    quorum: 3,
    facts,
    fresh: {},
    signal: new AbortController().signal,
    now: () => 0,
    sleep: () => Promise.resolve(),
    tell: (text: string) => told.push(text),
    hands: { killDetached: () => Promise.resolve() },
  } as unknown as StepContext
  return { context, did, told, up }
}

test('a member that was out of reach while the others were stopped is stopped before its dead-man ends', async () => {
  const facts = { revokePermits: { unreached: ['node-2'] }, stopRaft: { unreached: ['node-2'] } }
  const { context, did, up } = onTheWayBack(facts, { running: ['node-2'], silent: [] })
  expect(await disarm.apply(context)).toEqual({ unreached: [] })
  expect([...up]).toEqual([])
  const there = did.filter((one) => one.startsWith('node-2: '))
  expect(there.at(-1)).toBe('node-2: end the dead-man')
  expect(there.findIndex((one) => /: stop /.test(one))).toBeGreaterThan(0)
  expect(there[0]).toMatch(/permit/)
  // The others were proved stopped before.
  expect(did.filter((one) => one.startsWith('node-3: '))).toEqual(['node-3: end the dead-man'])
})

test('a peer that stays out of reach keeps its dead-man, and is told of', async () => {
  const facts = { revokePermits: { unreached: [] }, stopRaft: { unreached: [] } }
  const { context, told } = onTheWayBack(facts, { running: [], silent: ['node-4'] })
  expect(await disarm.apply(context)).toEqual({ unreached: ['node-4'] })
  expect(told).toEqual([expect.stringMatching(/^node-4: not reached; .*`evha abort`/)])
})
