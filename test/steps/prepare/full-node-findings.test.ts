import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { recording } from '../../../src/remote/recording.ts'
import { render } from '../../../src/remote/render.ts'
import { fullNodeFindings } from '../../../src/steps/prepare/full-node-findings.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { fullNodeOf } from '../../../src/steps/warm-up/place.ts'
import { nodeIn, scratch } from '../host/locally.ts'

/** This machine as a peer, whose warm-up unit stands as `state`; `rpcPort` is the member's. */
function peer(state: string, rpcPort: number): Host {
  const dir = scratch()
  writeFileSync(join(dir, 'systemctl'), `#!/bin/sh\necho ActiveState=${state}\n`)
  chmodSync(join(dir, 'systemctl'), 0o755)
  const run = (command: Command) => {
    const { status, stdout, stderr } = spawnSync('dash', ['-c', `PATH=${dir}:$PATH\n${render(command)}`], {
      encoding: 'utf8',
    })
    const exitCode = status ?? 1
    return Promise.resolve({
      kind: 'finished' as const,
      exitCode,
      stdout,
      stderr,
      truncated: false,
      durationMs: 1,
    })
  }
  const spec = { ...nodeIn(dir), address: '127.0.0.1', rpc: { host: '127.0.0.1', port: rpcPort } }
  return { spec, remote: { ...recording('node-2'), run } }
}

/** The member's RPC port whose full node would want the port that is taken. */
async function memberBesideTaken(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : 0
  for (const port of [taken - 20_000, taken + 12_500])
    if (fullNodeOf(peer('inactive', port)).spec.rpc.port === taken) return port
  throw new Error(`no member has a full node on ${taken}`)
}

const context = { signal: new AbortController().signal } as StepContext

test('a port of the full node on which something else listens is told; its own are no hindrance', async () => {
  const port = await memberBesideTaken()
  const found = await fullNodeFindings(context, peer('inactive', port), 7676)
  // What listens where its P2P would be is this machine's own affair.
  expect(found.filter(({ why }) => why.includes('RPC'))).toMatchObject([
    {
      level: 'blocks',
      what: expect.stringMatching(/^something listens on 127\.0\.0\.1:\d+ already$/),
      why: expect.stringContaining('the node needs it for RPC of the full node'),
    },
  ])
  expect(await fullNodeFindings(context, peer('active', port), 7676)).toEqual([])
})
