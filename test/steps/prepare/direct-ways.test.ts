import { expect, test } from 'vitest'
import { recording } from '../../../src/remote/recording.ts'
import { closeWays, directWays, worthBytes } from '../../../src/steps/prepare/direct-ways.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { nodeIn } from '../host/locally.ts'

function hosts(via: 'auto' | 'direct' | 'relay') {
  const told: string[] = []
  // The source has no ssh client: what counts here is whether it is asked for one.
  const source = recording('node-1', ({ says }) => ({ exitCode: says.startsWith('make the run') ? 69 : 0 }))
  const peer = recording('node-2')
  const host = (remote: Host['remote']): Host => ({ spec: { ...nodeIn('/d'), name: remote.name }, remote })
  const context = {
    run: 'demo-1',
    runbook: { copy: { via } },
    source: host(source),
    peers: [host(peer)],
    tell: (text: string) => void told.push(text),
  } as unknown as StepContext
  return { context, told, asked: () => [...source.commands, ...peer.commands].map(({ says }) => says) }
}

test.each([
  ['auto', worthBytes - 1, false],
  ['auto', worthBytes, true],
  ['direct', 1, true],
  ['relay', worthBytes * 1_000, false],
] as const)('with copy.via %s, %i bytes: a key is made: %s', async (via, bytes, made) => {
  const { context, told, asked } = hosts(via)
  expect([...(await directWays(context, 60).open(bytes))]).toEqual([])
  expect(asked()).toEqual(made ? ["make the run's key for copies from host to host"] : [])
  expect(told).toEqual(
    made
      ? ['node-1: no copies from host to host (it has no ssh client); data goes through this workstation']
      : [],
  )
})

test('what the window is measured by goes as the window does: a small later pass is relayed', async () => {
  const { context, asked } = hosts('direct')
  const ways = directWays(context, 60)
  await ways.open(1)
  await ways.open(worthBytes - 1)
  expect(asked()).toHaveLength(1)
})

test('lines and key are taken away whether or not this process has laid them, but where none can have been', async () => {
  for (const via of ['auto', 'direct'] as const) {
    const { context, asked } = hosts(via)
    await closeWays(context)
    expect(asked().sort()).toEqual(["remove the run's key", "take the run's key out of authorized_keys"])
  }
  const { context, asked } = hosts('relay')
  await closeWays(context)
  expect(asked()).toEqual([])
})
