import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { engineToken, jwtSecretIn } from '../../../src/evnode/engine-token.ts'
import { isObject } from '../../../src/evnode/json.ts'
import { freePorts, ownAddress } from '../own-address.ts'

const main = resolve(import.meta.dirname, '..', '..', '..', 'dist', 'lab', 'execution', 'main.js')
const patienceMs = 120_000

export const genesisOf = (word: string) => ({
  config: { chainId: 1234 },
  alloc: { [word]: { balance: '0x1' } },
})

/** A stand-in client as a process of its own, in a directory of its own. */
export class ClientProcess {
  readonly dir: string
  readonly ethUrl: string
  readonly engineUrl: string
  readonly jwtFile: string
  readonly #args: readonly string[]
  #child: ChildProcessWithoutNullStreams | undefined

  private constructor(
    dir: string,
    [address, eth, engine]: [address: string, eth: number, engine: number],
    genesis: object,
    more: readonly string[],
  ) {
    this.dir = dir
    this.ethUrl = `http://${address}:${eth}`
    this.engineUrl = `http://${address}:${engine}`
    this.jwtFile = join(dir, 'jwt.hex')
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'genesis.json'), JSON.stringify(genesis))
    writeFileSync(this.jwtFile, 'ab'.repeat(32))
    this.#args = [
      ...['node', '--chain', join(dir, 'genesis.json'), '--datadir', join(dir, 'data')],
      ...['--http.addr', address, '--http.port', String(eth)],
      ...['--authrpc.addr', address, '--authrpc.port', String(engine), '--authrpc.jwtsecret', this.jwtFile],
      ...more,
    ]
  }

  /** `more`: further flags of the client. */
  static async started(
    dir: string,
    genesis: object = genesisOf('one'),
    more: readonly string[] = [],
  ): Promise<ClientProcess> {
    const address = ownAddress()
    const [eth = 0, engine = 0] = await freePorts(address, 2)
    const client = new ClientProcess(dir, [address, eth, engine], genesis, more)
    await client.start()
    return client
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [main, ...this.#args])
    // A second one on the same directory is refused and ends: it must not make the first one forgotten.
    if (!this.#runs) this.#child = child
    let said = ''
    child.stderr.on('data', (data) => {
      said += data
    })
    const deadlineMs = Date.now() + patienceMs
    while (!said.includes('a stand-in for an execution client')) {
      if (child.exitCode !== null || Date.now() > deadlineMs)
        throw new Error(`the client does not come up: ${said}`)
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }

  get #runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.#runs) return
    child.kill(signal)
    await once(child, 'exit')
  }

  eth(method: string, ...params: unknown[]): Promise<unknown> {
    return asked(this.ethUrl, {}, method, params)
  }

  /** `ageMs` makes the token older than it is. */
  engine(
    method: string,
    params: readonly unknown[],
    { ageMs = 0, secretFile = this.jwtFile } = {},
  ): Promise<unknown> {
    const secret = jwtSecretIn(readFileSync(secretFile, 'utf8'))
    if (secret === undefined) throw new Error('no secret')
    const token = engineToken(secret, Date.now() - ageMs).reveal()
    return asked(this.engineUrl, { authorization: `Bearer ${token}` }, method, params)
  }

  async height(): Promise<number> {
    return Number(await this.eth('eth_blockNumber'))
  }

  async hashAt(height: number): Promise<unknown> {
    const block = await this.eth('eth_getBlockByNumber', `0x${height.toString(16)}`, false)
    return isObject(block) ? block['hash'] : undefined
  }

  async stateAt(height: number): Promise<string | undefined> {
    const block = await this.eth('eth_getBlockByNumber', `0x${height.toString(16)}`, false)
    return isObject(block) ? String(block['stateRoot']) : undefined
  }

  /** A file with another secret. */
  jwtOf(hex: string): string {
    const file = join(this.dir, 'other.hex')
    writeFileSync(file, hex)
    return file
  }

  /** What a node on this client is started with. */
  async flags(): Promise<string[]> {
    return [
      ...[
        '--evm.eth-url',
        this.ethUrl,
        '--evm.engine-url',
        this.engineUrl,
        '--evm.jwt-secret-file',
        this.jwtFile,
      ],
      ...['--evm.genesis-hash', String(await this.hashAt(0)), '--evm.fee-recipient', `0x${'0'.repeat(38)}fe`],
    ]
  }
}

async function asked(
  url: string,
  headers: Record<string, string>,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const answer: unknown = await response.json()
  if (!isObject(answer) || answer['error'] !== undefined) throw new Error(JSON.stringify(answer))
  return answer['result']
}
