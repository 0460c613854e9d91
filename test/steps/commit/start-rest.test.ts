// Peers are lost just after the commit: with them gone it is the old sequencer that makes the quorum.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { startRest } from '../../../src/steps/commit/start-rest.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { unreachable } from '../../unreachable.ts'

/** Hosts that do whatever they are told, but that no node starts there; those that are lost do not answer. */
function context(lost: readonly string[]): { context: StepContext; asked: string[] } {
  const asked: string[] = []
  const hostOf = (name: string) =>
    ({
      spec: { name, unit: 'n.service', home: '/h', paths: { units: '/u', evha: '/e', run: '/r' } },
      remote: {
        name,
        run: async ({ says }: Command) => {
          if (lost.includes(name)) throw unreachable(`${name} cannot be reached`)
          // Its way is longer than it takes to see that others are gone.
          await sleep(1)
          asked.push(`${name}: ${says}`)
          const exitCode = says.startsWith('start') ? 1 : 0
          return { kind: 'finished', exitCode, stdout: '', stderr: '', truncated: false, durationMs: 1 }
        },
      },
    }) as unknown as Host
  const nodes = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'].map(hostOf)
  const equal = nodes.slice(1).map(({ spec }) => spec.name)
  return {
    asked,
    context: {
      run: 'run',
      attempt: 1,
      nodes,
      source: nodes[0],
      peers: nodes.slice(1),
      quorum: 3,
      facts: { proveEqual: { equal }, check: { sourceDropIns: [] } },
      signal: new AbortController().signal,
      now: () => 0,
      tell: () => undefined,
      hands: { killDetached: async () => undefined },
    } as unknown as StepContext,
  }
}

test('with two peers lost the step fails by their names, when the old sequencer has been started as a member', async () => {
  const { context: given, asked } = context(['node-4', 'node-5'])
  await expect(startRest.apply(given)).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('node-4'),
  })
  expect(asked.filter((one) => one.startsWith('node-1: ')).at(-1)).toMatch(/^node-1: start/)
})
