import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { exchange } from '../../src/evnode/exchange.ts'
import { offlineHeightArgv } from '../../src/evnode/store.ts'
import { copyChain, copyData } from '../lab/standin/copy-chain.ts'
import {
  lastLine,
  memberFlags,
  type Place,
  placeFor,
  RunningNode,
  reaches,
  singleFlags,
  until,
} from '../lab/standin/stand.ts'
import { type Ended, outputOf } from '../output-of.ts'
import type { RunningDa, Subject } from './subject.ts'

const patienceMs = 60_000
/** A port where nobody listens. */
const nobody = 'http://127.0.0.1:9'

type Env = Readonly<Record<string, string>>

/** Names of variables that reach into a node's configuration; whoever runs the tests may have some of them. */
const misread = ['DA', 'DB_PATH', 'CLEAR_CACHE', 'NODE', 'RAFT', 'P2P', 'LOG', 'RPC', 'SIGNER']

function environment(subject: Subject, env: Env): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !misread.includes(name))
  return { ...Object.fromEntries(own), ...subject.env, ...env }
}

/** How a start differs from the usual one. */
export interface How {
  readonly env?: Env
  /** Another name of the command. */
  readonly alias?: string
  /** DA's address stands in the file alone. */
  readonly withoutDaFlag?: boolean
}

/** What one case stands on: scratch homes, processes of one kind of node, DA. All of it is gone at its end. */
export class Ground {
  readonly subject: Subject
  readonly dir: string
  readonly passphraseFile: string
  readonly #running: RunningNode[] = []
  readonly #das: RunningDa[] = []
  readonly #words: [string, string][] = []
  #daAddress = nobody

  constructor(subject: Subject, dir: string) {
    this.subject = subject
    this.dir = dir
    this.passphraseFile = join(dir, 'passphrase')
    writeFileSync(this.passphraseFile, 'a passphrase\n', { mode: 0o600 })
  }

  /** From now on nodes are given a DA that answers. */
  async withDa(): Promise<RunningDa> {
    const da = await this.subject.startDa(this.dir)
    this.#das.push(da)
    this.#daAddress = `http://127.0.0.1:${da.port}`
    return da
  }

  /** Runs a command of the node to its end. */
  async run(args: readonly string[], env: Env = {}): Promise<Ended> {
    const [binary, ...first] = this.subject.argv
    const child = spawn(binary, [...first, ...args], {
      cwd: this.dir,
      env: environment(this.subject, env),
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    })
    return outputOf(child)
  }

  /** A home of a chain of its own, blocks each 100 ms. */
  async newHome(name: string, ...flags: string[]): Promise<string> {
    const home = join(this.dir, name)
    const args = ['--home', home, '--chain_id', 'test-chain', '--evnode.node.aggregator=true']
    const rest = ['--evnode.signer.passphrase_file', this.passphraseFile, '--evnode.da.namespace', 'test-ns']
    const ended = await this.run(['init', ...args, ...rest, '--evnode.da.address', this.#daAddress, ...flags])
    if (ended.code !== 0) throw new Error(`init ended with ${ended.code}: ${lastLine(ended.stderr)}`)
    return home
  }

  /** Another node of the same chain: its genesis and signer, its data if wanted, a node key of its own. */
  async peerOf(home: string, name: string, { data = true } = {}): Promise<string> {
    const other = await this.newHome(name)
    copyChain(home, other, { data })
    return other
  }

  async place(home: string, name: string): Promise<Place> {
    const place = await placeFor(home, name)
    for (const [port, use] of [
      [place.rpcPort, 'rpc'],
      [place.p2pPort, 'p2p'],
      [place.raftPort, 'raft'],
    ] as const)
      this.#words.push([`${place.address}:${port}`, `<${name} ${use}>`])
    return place
  }

  start(home: string, flags: readonly string[], how: How = {}): RunningNode {
    const { env = {}, alias = 'start', withoutDaFlag = false } = how
    const [binary, ...first] = this.subject.argv
    const args = [alias, '--home', home, '--evnode.signer.passphrase_file', this.passphraseFile]
    const da = withoutDaFlag ? [] : ['--evnode.da.address', this.#daAddress]
    const child = spawn(binary, [...first, ...args, ...da, '--evnode.log.format', 'json', ...flags], {
      cwd: this.dir,
      env: environment(this.subject, env),
    })
    child.stdout.resume()
    const node = new RunningNode(child)
    this.#running.push(node)
    return node
  }

  /** A single sequencer at a place. */
  single(place: Place, ...flags: string[]): RunningNode {
    return this.start(place.home, [...singleFlags(place), ...flags])
  }

  /** A member of a cluster. */
  member(place: Place, members: readonly Place[], ...flags: string[]): RunningNode {
    return this.start(place.home, [...memberFlags(place, members), ...flags])
  }

  /** A chain made by a single sequencer that was stopped cleanly, and places for members with equal stores. */
  async chain(count: number, height = 4): Promise<{ places: Place[]; last: number; lastHash: string }> {
    const home = await this.newHome('node-1')
    const first = await this.place(home, 'node-1')
    const single = this.single(first)
    await reaches(first, height)
    const code = await single.stop()
    if (code !== 0) throw new Error(`the single sequencer ended with ${code}: ${single.last}`)
    const places = [first]
    for (let k = 2; k <= count; k += 1)
      places.push(await this.place(await this.peerOf(home, `node-${k}`), `node-${k}`))
    return { places, last: single.produced.at(-1) ?? 0, lastHash: '' }
  }

  /** Lays the data of one stopped node in place of another's. */
  takeData(from: Place, to: Place): void {
    copyData(from.home, to.home)
  }

  /** Bootstraps the Raft directories one after the other, so that no two nodes ever meet. */
  async bootstrap(places: readonly Place[]): Promise<(number | null)[]> {
    const codes: (number | null)[] = []
    for (const place of places) {
      const node = this.member(place, places)
      await node.until('bootstrapped')
      codes.push(await node.stop())
    }
    return codes
  }

  /** The exit code of a node that ends by itself; rejects when it does not. */
  async ended(node: RunningNode): Promise<number | null> {
    await until('the end of a node', () => (node.isUp ? undefined : true))
    return node.ended()
  }

  /** Asks a stopped store for its height, as evha does. */
  offline(home: string): Promise<Ended> {
    const [, ...args] = offlineHeightArgv({ binary: 'testapp', home })
    return this.run(args)
  }

  /** One raw question to a node's HTTP listener. */
  async ask(place: Place, path: string, body?: unknown): Promise<{ status: number; text: string } | string> {
    const open = () =>
      new Promise<ReturnType<typeof connect>>((done, fail) => {
        const socket = connect(place.rpcPort, place.address, () => done(socket))
        socket.once('error', fail)
      })
    const answer = await exchange(open, {
      method: body === undefined ? 'GET' : 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: 20_000,
    })
    return answer.kind === 'answer' ? { status: answer.status, text: answer.body } : answer.kind
  }

  file(home: string, ...path: string[]): string {
    return readFileSync(join(home, ...path), 'utf8')
  }

  /** Text without what differs from run to run: directories, addresses, ports. */
  plain(text: string): string {
    let said = text.replaceAll(this.dir, '<dir>').replaceAll(homedir(), '<user home>')
    for (const [word, stands] of this.#words) said = said.replaceAll(word, stands)
    said = said.replace(/localhost:\d+/g, 'localhost:<port>')
    return said
  }

  /** Lays what the processes said where EVHA_CONFORMANCE_LOGS names a directory: the scratch directory goes. */
  keepLogs(thrown: unknown): void {
    const into = process.env['EVHA_CONFORMANCE_LOGS']
    if (into === undefined || into === '') return
    const told = this.#running.map(({ stderr }, k) => `--- process ${k}\n${stderr}`)
    writeFileSync(join(into, `${basename(this.dir)}.log`), `${String(thrown)}\n${told.join('\n')}`)
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.map((node) => node.kill()))
    await Promise.all(this.#das.map((da) => da.close()))
  }
}

/** A ground for one case. */
export async function onGround<T>(subject: Subject, work: (ground: Ground) => Promise<T>): Promise<T> {
  const ground = new Ground(subject, mkdtempSync(join(tmpdir(), 'evha-conformance-')))
  try {
    return await work(ground)
  } catch (thrown) {
    ground.keepLogs(thrown)
    throw thrown
  } finally {
    await ground.end()
    rmSync(ground.dir, { recursive: true, force: true })
  }
}

/** A place, where there must be one. */
export function at(places: readonly Place[], index: number): Place {
  const place = places[index]
  if (place === undefined) throw new Error(`there is no place ${index}`)
  return place
}
