import { expect, test } from 'vitest'
import type { Plan } from '../../src/run/plan.ts'
import { planText } from '../../src/ui/plan-text.ts'

const long = `sh -c '${'echo a long script; '.repeat(10)}' evha`
const plan: Plan = {
  chain: 'my-chain',
  source: 'node-1',
  nodes: ['node-1', 'node-2', 'node-3'],
  runbook: { path: '/r.yaml', digest: '00' },
  evha: { version: '0', graph: '00' },
  world: {
    binarySha256: '',
    genesisSha256: '',
    sourceConfigSha256: '',
    sourceUnitSha256: '',
    proposerAddress: '',
    head: { height: 42, hash: '' },
  },
  states: [
    {
      state: 'gate.cutover',
      phase: 'gate',
      says: 'ready to cut over',
      words: ['read the head'],
      gate: 'cutover',
      irreversible: 'the chain stops',
      commands: [],
    },
    {
      state: 'window.stop',
      phase: 'window',
      says: 'stopping node-1',
      words: ['stop it'],
      gate: null,
      irreversible: null,
      commands: [
        { host: 'node-2', says: 'reload', text: 'systemctl daemon-reload', mutates: true },
        { host: 'node-3', says: 'reload', text: 'systemctl daemon-reload', mutates: true },
        { host: 'node-2', says: 'lay a file', text: `${long} a`, mutates: true },
        { host: 'node-3', says: 'lay a file', text: `${long} b`, mutates: true },
        { host: 'node-1', says: 'read it', text: 'cat -- /a\u001b[2J', mutates: false },
      ],
    },
  ],
  diff: { 'node-2': ['raft.enable: false -> true'] },
  timing: 'the defaults',
  unknown: ['the last block'],
}

test('words first, then what is unknown, the configs, and each command once with all its hosts', () => {
  const text = planText(plan, 80)
  const order = ['my-chain', 'In words', 'could not know', 'evnode.yaml', 'Step by step', '1 script']
  expect(order.map((words) => text.indexOf(words)).every((at, i, all) => at > (all[i - 1] ?? -1))).toBe(true)
  expect(text).toContain('asks you: ready to cut over')
  expect(text).toContain('by approving: the chain stops')
  expect(text.match(/systemctl daemon-reload/g)).toHaveLength(1)
  expect(text).toContain('node-2, node-3:')
})

test('a script that commands share stands once, by its number; what would move the cursor is not printed', () => {
  const text = planText(plan, 80)
  expect(text.match(/(echo a long script; ){9}/g)).toHaveLength(1)
  expect(text).toContain('sh -c "$SCRIPT_1" evha a')
  expect(text).toContain('sh -c "$SCRIPT_1" evha b')
  expect(text).toContain('# read it (changes nothing)')
  expect(text).not.toContain('\u001b')
})
