import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { startDa } from '../../src/lab/da/da.ts'
import { until } from '../lab/standin/stand.ts'

/** A data availability node that runs. */
export interface RunningDa {
  readonly port: number
  close(): Promise<void>
}

/** A kind of node that the cases are shown to. */
export interface Subject {
  readonly name: 'stand-in' | 'real node'
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  startDa(dir: string): Promise<RunningDa>
}

const main = resolve(import.meta.dirname, '..', '..', 'dist', 'lab', 'standin', 'main.js')
const daBlockMs = 200

export const standIn: Subject = {
  name: 'stand-in',
  argv: [process.execPath, main],
  // Its documented waits are shortened; nothing that a case tells depends on them.
  env: { EVHA_STANDIN_SPEED: '10' },
  startDa: (dir) =>
    startDa({ host: '127.0.0.1', port: 0, blockTimeMs: daBlockMs, logFile: join(dir, 'da.log') }),
}

/** The real node at `EVHA_NODE_BIN`, with the real local DA at `EVHA_DA_BIN`; undefined when none is named. */
export function realNode(env: NodeJS.ProcessEnv): Subject | undefined {
  const binary = env['EVHA_NODE_BIN']
  const da = env['EVHA_DA_BIN']
  if (binary === undefined || binary === '') return undefined
  return {
    name: 'real node',
    argv: [binary],
    env: {},
    startDa: da === undefined || da === '' ? standIn.startDa : () => startLocalDa(da),
  }
}

async function startLocalDa(binary: string): Promise<RunningDa> {
  const port = await freePort()
  const child = spawn(
    binary,
    ['-host', '127.0.0.1', '-port', String(port), '-block-time', `${daBlockMs}ms`],
    { stdio: 'ignore' },
  )
  const closed = once(child, 'close')
  await until('the local DA', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'header.LocalHead', params: [] }),
    }).catch(() => undefined)
    return answer?.ok === true ? true : undefined
  })
  return {
    port,
    close: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}
