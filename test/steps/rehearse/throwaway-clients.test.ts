import { expect, test } from 'vitest'
import type { ExecutionClient } from '../../../src/evnode/execution.ts'
import { throwawayClient } from '../../../src/steps/rehearse/throwaway-clients.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { executionHosts, type TestClient } from '../execution-hosts.ts'

const untouched = { head: () => 0 }
const production = { feeRecipient: `0x${'f'.repeat(40)}` } as ExecutionClient

async function stage(clients: readonly TestClient[], jwtSecretFile: string | undefined = '/etc/jwt') {
  const { context } = await executionHosts(clients)
  const withFile = (host: Host): Host => ({
    ...host,
    spec: {
      ...host.spec,
      execution: { ...host.spec.execution, ...(jwtSecretFile === '' ? {} : { jwtSecretFile }) },
    },
  })
  const [source, ...peers] = context.nodes.map(withFile)
  if (source === undefined) throw new Error('no source')
  return { ...context, nodes: [source, ...peers], source, peers } satisfies StepContext
}

test("the sequencer's own client, its genesis as that client tells it, and the fee recipient of production", async () => {
  const context = await stage([untouched, untouched])
  const own = await throwawayClient(context, production)
  expect(own).toMatchObject({
    ...context.source.spec.execution,
    feeRecipient: production.feeRecipient,
    genesisHash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
  })
  expect((await throwawayClient(context, null)).feeRecipient).toBe(`0x${'0'.repeat(40)}`)
})

test.each<[string, TestClient, RegExp]>([
  [
    'one that was driven before',
    { head: () => 812 },
    /node-2: .* is at block 812, so it is of another chain; a rehearsal takes nothing over/,
  ],
  ['one that is down', 'down', /node-2: its execution client at \S+ does not answer/],
])('%s is refused', async (_what, client, says) => {
  const context = await stage([untouched, client])
  await expect(throwawayClient(context, production)).rejects.toMatchObject({
    kind: 'blocked',
    message: expect.stringMatching(says),
  })
})

test('without a JWT file the staging runbook is not whole', async () => {
  await expect(throwawayClient(await stage([untouched], ''), production)).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringMatching(/node-1: .* names no JWT file/),
  })
})
