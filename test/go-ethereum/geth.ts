// One go-ethereum as a child of this process, reached on loopback alone.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { isObject } from '../../src/evnode/json.ts'

export interface GethOptions {
  /** The program. */
  readonly geth: string
  readonly genesisFile: string
  readonly dataDir: string
  readonly jwtSecretFile: string
  /** Of every block; ev-reth is told by the node, go-ethereum at its start. */
  readonly gasLimit: string
}

export interface Geth {
  readonly ethUrl: string
  readonly engineUrl: string
  readonly child: ChildProcess
}

const upTimeoutMs = 60_000
const initTimeoutMs = 60_000

/** Every state is on the disk with its block, so that a killed one comes back with its head. */
const durable = ['--syncmode', 'full', '--state.scheme', 'hash', '--gcmode', 'archive']
const quiet = [
  '--nodiscover',
  '--maxpeers',
  '0',
  '--port',
  '0',
  '--nat',
  'none',
  '--ipcdisable',
  '--cache',
  '64',
]

/** Starts it on its data, which is made of the genesis where there is none. Rejects when it ends or does not come up. */
export async function startGeth({
  geth,
  genesisFile,
  dataDir,
  jwtSecretFile,
  gasLimit,
}: GethOptions): Promise<Geth> {
  // Another genesis than that of the data is refused here.
  execFileSync(geth, ['init', '--datadir', dataDir, '--state.scheme', 'hash', genesisFile], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: initTimeoutMs,
  })
  const args = [
    ...['--datadir', dataDir, '--log.format', 'json', '--miner.gaslimit', gasLimit, ...durable, ...quiet],
    ...[
      '--http',
      '--http.addr',
      '127.0.0.1',
      '--http.port',
      '0',
      '--http.api',
      'eth,net,web3,txpool,debug,testing',
    ],
    ...['--authrpc.addr', '127.0.0.1', '--authrpc.port', '0', '--authrpc.jwtsecret', jwtSecretFile],
  ]
  // It must not outlive its proxy, even a killed one: it holds the data.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', geth, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  return await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('go-ethereum does not come up')), upTimeoutMs)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`go-ethereum ended with exit ${code}`)))
    const urls: { eth?: string; engine?: string } = {}
    createInterface({ input: child.stderr }).on('line', (line) => {
      process.stderr.write(`${line}\n`)
      const at = serverIn(line)
      if (at === undefined) return
      urls[at.auth ? 'engine' : 'eth'] = `http://${at.endpoint}`
      if (urls.eth === undefined || urls.engine === undefined) return
      clearTimeout(late)
      resolve({ ethUrl: urls.eth, engineUrl: urls.engine, child })
    })
  })
}

/** Where it says that it listens. */
export function serverIn(line: string): { endpoint: string; auth: boolean } | undefined {
  if (!line.includes('HTTP server started')) return undefined
  const said: unknown = JSON.parse(line)
  if (!isObject(said)) return undefined
  return { endpoint: String(said['endpoint']), auth: String(said['auth']) === 'true' }
}
