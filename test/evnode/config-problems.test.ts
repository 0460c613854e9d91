import { expect, test } from 'vitest'
import { readConfig } from '../../src/evnode/config.ts'
import { configProblems } from '../../src/evnode/config-problems.ts'
import { fixture } from './fixture.ts'

const recorded = fixture('homes/node-1/evnode.yaml')
const problems = (flags: Record<string, string>) => configProblems(readConfig(recorded, flags))

test('the recorded sequencer may become a cluster', () => {
  expect(problems({})).toEqual([])
})

test.each([
  ['raft.enable', 'true'],
  ['node.aggregator', 'false'],
  ['node.catchup_timeout', '5s'],
  ['node.promotable', 'true'],
  ['node.based_sequencer', 'true'],
  ['node.light', 'true'],
  ['da.address', ''],
  ['da.namespace', ''],
  ['signer.signer_type', 'kms'],
  ['signer.signer_type', 'abacus'],
  ['node.block_time', 'soon'],
])('%s = %j blocks, with a reason and a cure', (key, value) => {
  const found = problems({ [key]: value })
  expect(found).toHaveLength(1)
  expect(found[0]).toMatchObject({
    blocks: true,
    why: expect.stringMatching(/./),
    cure: expect.stringMatching(/./),
  })
})

test.each([
  ['da.namespace', 'R7n3m9ud6T'],
  ['node.lazy_mode', 'true'],
  ['node.max_pending_headers_and_data', '100'],
  ['da.forced_inclusion_namespace', 'forced'],
  ['pruning.pruning_mode', 'all'],
])('%s = %j is told and blocks nothing', (key, value) => {
  expect(problems({ [key]: value }).map(({ blocks }) => blocks)).toEqual([false])
})

test('blockers come first', () => {
  const found = problems({ 'node.lazy_mode': 'true', 'node.light': 'true', 'node.promotable': 'true' })
  expect(found.map(({ blocks }) => blocks)).toEqual([true, true, false])
})
