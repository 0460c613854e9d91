import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type LogEvent, readLog } from '../../../src/evnode/logs.ts'
import { peerIdOf } from '../../../src/evnode/peer-id.ts'
import { type NodeRpc, nodeRpc } from '../../../src/evnode/rpc.ts'
import { heightsTwice } from '../../../src/lab/witness.ts'
import { built } from '../../cli/built.ts'
import { type Ended, outputOf } from '../../output-of.ts'
import { freePorts, ownAddress } from '../own-address.ts'
import { copyChain } from './copy-chain.ts'

/** The built stand-in. */
export const standinMain = resolve(import.meta.dirname, '..', '..', '..', 'dist', 'lab', 'standin', 'main.js')
/** The same, as the application that drives an execution client. */
export const evmMain = join(dirname(standinMain), 'evm.js')
/** Far above what anything here needs, also on a busy machine. */
const patienceMs = 120_000
const outputCharsMax = 4_000_000
/** Of each node, where a test failed. */
const toldLines = 25

/** Everything a test of stand-ins leaves behind, processes and files, is gone at its end. */
export async function withScratch(
  work: (scratch: Scratch) => Promise<void>,
  main = standinMain,
): Promise<void> {
  await built()
  const dir = mkdtempSync(join(tmpdir(), 'evha-standin-'))
  const scratch = new Scratch(dir, main)
  try {
    await work(scratch)
  } catch (thrown) {
    // On CI nobody can look at the nodes afterwards.
    if (thrown instanceof Error) thrown.message = `${thrown.message}\n\n${scratch.told()}`
    throw thrown
  } finally {
    await scratch.end()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** npm sets a variable NODE, and that hides a section of the configuration from a node (evnode.md B 1.3). */
const clean = { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), LC_ALL: 'C' }

export type Env = Readonly<Record<string, string>>

interface Noted {
  readonly what: 'signed' | 'kept'
  readonly height: number
  readonly hash: string
}

export class Scratch {
  readonly dir: string
  readonly passphraseFile: string
  readonly #main: string
  readonly #running: RunningNode[] = []

  constructor(dir: string, main: string) {
    this.dir = dir
    this.#main = main
    this.passphraseFile = join(dir, 'passphrase')
    writeFileSync(this.passphraseFile, 'a passphrase\n', { mode: 0o600 })
  }

  /** A home with a chain of its own; blocks each 100 ms, DA where nobody listens. */
  async newHome(name: string, ...flags: string[]): Promise<string> {
    const home = join(this.dir, name)
    const ended = await this.run(
      'init',
      '--home',
      home,
      '--chain_id',
      'test-chain',
      '--evnode.node.aggregator=true',
      '--evnode.signer.passphrase_file',
      this.passphraseFile,
      '--evnode.da.address',
      'http://127.0.0.1:9',
      '--evnode.da.namespace',
      'test-ns',
      ...flags,
    )
    if (ended.code !== 0) throw new Error(ended.stderr)
    return home
  }

  /** Another node of the same chain: its data, genesis and signer, but a node key of its own. */
  async peerOf(home: string, name: string, { data = true } = {}): Promise<string> {
    const other = await this.newHome(name)
    copyChain(home, other, { data })
    return other
  }

  /** Runs to its end. */
  async run(...args: string[]): Promise<Ended> {
    const child = spawn(process.execPath, [this.#main, ...args], {
      env: clean,
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    })
    return outputOf(child)
  }

  /** Starts a node; `env` may turn the stand-in's own switches. */
  start(home: string, flags: readonly string[], env: Env = {}): RunningNode {
    const child = spawn(
      process.execPath,
      [
        this.#main,
        'start',
        '--home',
        home,
        '--evnode.signer.passphrase_file',
        this.passphraseFile,
        '--evnode.signer.signer_path',
        join(home, 'config'),
        '--evnode.log.format',
        'json',
        ...flags,
      ],
      {
        env: { ...clean, EVHA_STANDIN_SIGNED: this.witnessOf(home), EVHA_STANDIN_SPEED: '10', ...env },
      },
    )
    const node = new RunningNode(child)
    this.#running.push(node)
    return node
  }

  /** The height a stopped store tells by the rollback that must fail. */
  async offline(home: string): Promise<{ code: number | null; last: string }> {
    const { code, stderr } = await this.run('rollback', '--home', home, '--height', '18446744073709551615')
    return { code, last: lastLine(stderr) }
  }

  witnessOf(home: string): string {
    return join(home, 'signed.log')
  }

  /** Every header signed in these homes, oldest first for each. */
  signed(...homes: string[]): Noted[] {
    return this.#noted(homes).filter(({ what }) => what === 'signed')
  }

  /** Heights for which two different headers were signed and kept. */
  signedTwice(...homes: string[]): number[] {
    return heightsTwice(this.#noted(homes).filter(({ what }) => what === 'kept'))
  }

  /** Heights signed twice of which one header was never kept by anybody. */
  signedInVain(...homes: string[]): number[] {
    const forked = this.signedTwice(...homes)
    return heightsTwice(this.#noted(homes)).filter((height) => !forked.includes(height))
  }

  #noted(homes: readonly string[]): Noted[] {
    return homes.flatMap((home) => {
      const file = this.witnessOf(home)
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
      return lines.map((line) => JSON.parse(line) as Noted)
    })
  }

  /** What was signed twice, and the last words of every node that was started. */
  told(): string {
    const homes = readdirSync(this.dir).map((name) => join(this.dir, name))
    const signed = `signed twice: ${JSON.stringify(this.signedTwice(...homes))}, in vain: ${JSON.stringify(this.signedInVain(...homes))}`
    const nodes = this.#running.map((node, k) => {
      const lines = node.stderr.trimEnd().split('\n').slice(-toldLines)
      return `--- process ${k}, ${node.isUp ? 'up' : 'ended'}\n${lines.map((line) => line.slice(0, 300)).join('\n')}`
    })
    return [signed, ...nodes].join('\n')
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.map((node) => node.kill()))
  }
}

/** A node that was started. */
export class RunningNode {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<number | null>
  stderr = ''

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = `${this.stderr}${text}`.slice(-outputCharsMax)
    })
    this.#ended = once(child, 'close').then(([code]) => code as number | null)
  }

  get isUp(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get events(): readonly LogEvent[] {
    return readLog(this.stderr)
  }

  /** Heights this process made, in order. */
  get produced(): number[] {
    return this.events.flatMap((event) => (event.kind === 'produced' ? [event.height] : []))
  }

  /** The exit code, once it ends by itself or by a signal. */
  ended(): Promise<number | null> {
    return this.#ended
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isUp) this.#child.kill(signal)
    return this.#ended
  }

  /** A host too busy to let it run: it stands still for so long. */
  async freeze(ms: number): Promise<void> {
    if (!this.isUp) return
    this.#child.kill('SIGSTOP')
    await new Promise((passed) => setTimeout(passed, ms))
    this.#child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  get last(): string {
    return lastLine(this.stderr)
  }

  /** Waits for an event of the log. */
  until<K extends LogEvent['kind']>(
    kind: K,
    fits: (event: Extract<LogEvent, { kind: K }>) => boolean = () => true,
  ) {
    return until(`${kind} in:\n${this.stderr.slice(-3_000)}`, () =>
      this.events.find(
        (event): event is Extract<LogEvent, { kind: K }> =>
          event.kind === kind && fits(event as Extract<LogEvent, { kind: K }>),
      ),
    )
  }
}

export function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}

/** Asks again and again until there is an answer. */
export async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadlineMs = Date.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadlineMs) throw new Error(`waited in vain for ${what}`)
    await new Promise((wake) => setTimeout(wake, 25))
  }
}

/** Where a node of a test listens. */
export interface Place {
  readonly name: string
  readonly home: string
  readonly address: string
  readonly rpcPort: number
  readonly p2pPort: number
  readonly raftPort: number
}

/** A loopback address nobody else of this process uses, and free ports on it. */
export async function placeFor(home: string, name: string): Promise<Place> {
  const address = ownAddress()
  const [rpcPort = 0, p2pPort = 0, raftPort = 0] = await freePorts(address, 3)
  return { name, home, address, rpcPort, p2pPort, raftPort }
}

/** Flags of a single sequencer at a place. */
export function singleFlags(place: Place): string[] {
  return [
    '--evnode.rpc.address',
    `${place.address}:${place.rpcPort}`,
    '--evnode.p2p.listen_address',
    `/ip4/${place.address}/tcp/${place.p2pPort}`,
  ]
}

/** Flags of a member among members. */
export function memberFlags(place: Place, members: readonly Place[]): string[] {
  const others = members.filter((member) => member !== place)
  const peerId = ({ home }: Place) => peerIdOf(readFileSync(join(home, 'config', 'node_key.json'), 'utf8'))
  return [
    ...singleFlags(place),
    '--evnode.p2p.peers',
    others.map((other) => `/ip4/${other.address}/tcp/${other.p2pPort}/p2p/${peerId(other)}`).join(','),
    '--evnode.raft.enable=true',
    // As long as a lease may be: on a busy machine no leader shall lose it for the machine's sake.
    '--evnode.raft.leader_lease_timeout',
    '350ms',
    '--evnode.raft.node_id',
    place.name,
    '--evnode.raft.raft_addr',
    `${place.address}:${place.raftPort}`,
    '--evnode.raft.raft_dir',
    join(place.home, 'raft'),
    '--evnode.raft.peers',
    others.map((other) => `${other.name}@${other.address}:${other.raftPort}`).join(','),
  ]
}

export function rpcOf({ address, rpcPort }: Place): NodeRpc {
  const open = () =>
    new Promise<ReturnType<typeof connect>>((resolve, reject) => {
      const socket = connect(rpcPort, address, () => resolve(socket))
      socket.once('error', reject)
    })
  return nodeRpc(open, { timeoutMs: 10_000 })
}

/** The store's head over RPC; undefined while the node does not answer. */
export async function heightOf(place: Place): Promise<number | undefined> {
  const state = await rpcOf(place).state()
  return state.kind === 'ok' ? state.value.lastBlockHeight : undefined
}

/** Waits until the node's head is at least this. */
export function reaches(place: Place, height: number): Promise<number> {
  return until(`${place.name} at height ${height}`, async () => {
    const now = await heightOf(place)
    return now !== undefined && now >= height ? now : undefined
  })
}

export async function hashAt(place: Place, height: number): Promise<string> {
  const block = await rpcOf(place).block(height)
  if (block.kind !== 'ok') throw new Error(`${place.name} does not give block ${height}: ${block.kind}`)
  return block.value.hash
}
