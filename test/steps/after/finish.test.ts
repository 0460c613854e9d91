import { expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { finish } from '../../../src/steps/after/finish.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'

/** Members whose units are final already, and stand as systemd shows them. */
function members(states: readonly string[]): StepContext {
  const nodes = states.map((active, k) => {
    const spec = {
      name: `node-${k + 1}`,
      unit: 'n.service',
      home: '/h',
      paths: { units: '/u', evha: '/e', run: '/r' },
    }
    const run = async ({ says }: Command) => {
      const shown = says.startsWith('read the state')
      const stdout = shown ? `ActiveState=${active}\nNeedDaemonReload=no\n` : ''
      return {
        kind: 'finished',
        exitCode: shown ? 0 : 1,
        stdout,
        stderr: '',
        truncated: false,
        durationMs: 1,
      }
    }
    return { spec, remote: { name: spec.name, run } } as unknown as Host
  })
  const facts = { proveEqual: { equal: nodes.map(({ spec }) => spec.name) }, check: {} }
  return {
    nodes,
    source: nodes[0],
    peers: nodes.slice(1),
    facts,
    signal: new AbortController().signal,
  } as unknown as StepContext
}

test('a member that its unit starts again just now is no hindrance: a leader that lost its lease ends by design', async () => {
  expect(await finish.verify(members(['active', 'activating', 'active']))).toMatchObject({ done: true })
})

test('a member that is down for good is', async () => {
  expect(await finish.verify(members(['active', 'active', 'failed']))).toMatchObject({
    done: false,
    why: 'node-3: n.service is failed',
  })
})
