import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Block, blockHash } from './block.ts'

/** What the newest forkchoice said. Hashes. */
export interface Forkchoice {
  readonly head: string
  readonly safe: string
  readonly finalized: string
}

/**
 * The blocks a client knows, those of its chain by number, and its head; all of it on the disk before it is answered,
 * so that a killed client comes back with its head. One process at a time: the directory is held by a flock.
 */
export class Chain {
  readonly genesis: Block
  readonly #blocks = new Map<string, Block>()
  readonly #numbered: string[] = []
  readonly #files: { blocks: string; choice: string }
  readonly #written: number
  readonly #keeps: number
  #choice: Forkchoice

  /** `keeps`: as a pruned client, it gives out the genesis and so many blocks up to its head, and goes back to none of the others. */
  constructor(datadir: string, genesis: Block, keeps = Number.POSITIVE_INFINITY) {
    const db = join(datadir, 'db')
    mkdirSync(db, { recursive: true, mode: 0o750 })
    hold(db)
    // A client's identity in its network: never two with the same one.
    const identity = join(datadir, 'discovery-secret')
    if (!existsSync(identity)) writeFileSync(identity, randomBytes(32).toString('hex'), { mode: 0o600 })
    this.genesis = genesis
    this.#keeps = keeps
    this.#files = { blocks: join(db, 'blocks.jsonl'), choice: join(db, 'forkchoice.json') }
    const first = blockHash(genesis)
    this.#blocks.set(first, genesis)
    this.#choice = { head: first, safe: first, finalized: first }
    for (const block of readBlocks(this.#files.blocks)) this.#blocks.set(blockHash(block), block)
    // Open as long as it runs, as a database is.
    this.#written = openSync(this.#files.blocks, 'a', 0o600)
    this.#choice = this.#readChoice()
    this.#number(this.head)
  }

  get head(): Block {
    return this.block(this.#choice.head) ?? this.genesis
  }

  get choice(): Forkchoice {
    return this.#choice
  }

  /** Any block the client knows, by its hash. */
  block(hash: string): Block | undefined {
    return this.#blocks.get(hash.toLowerCase())
  }

  /** A block of its chain, up to the head. */
  at(number: number): Block | undefined {
    const hash = this.#numbered[number]
    const block = hash === undefined ? undefined : this.#blocks.get(hash)
    return block !== undefined && this.isPruned(block) ? undefined : block
  }

  /** Known once, and no longer: neither told nor gone back to. */
  isPruned({ number }: Block): boolean {
    return Number(number) > 0 && Number(number) <= Number(this.head.number) - this.#keeps
  }

  /** Learns a block; it is not on the chain before a forkchoice says so. */
  add(block: Block): void {
    const hash = blockHash(block)
    if (this.#blocks.has(hash)) return
    appendFileSync(this.#written, `${JSON.stringify(block)}\n`)
    this.#blocks.set(hash, block)
  }

  /** Makes a known block the head, be it a later one, one of another branch or one before: that is how a node takes its client back. */
  choose(choice: Forkchoice): void {
    const head = this.block(choice.head)
    if (head === undefined) throw new Error(`unknown head ${choice.head}`)
    const beside = `${this.#files.choice}.new`
    writeFileSync(beside, JSON.stringify(choice), { mode: 0o600 })
    renameSync(beside, this.#files.choice)
    this.#choice = choice
    this.#number(head)
  }

  #number(head: Block): void {
    this.#numbered.length = Number(head.number) + 1
    for (let block: Block | undefined = head; block !== undefined; block = this.block(block.parentHash)) {
      const hash = blockHash(block)
      if (this.#numbered[Number(block.number)] === hash) break
      this.#numbered[Number(block.number)] = hash
    }
  }

  #readChoice(): Forkchoice {
    if (!existsSync(this.#files.choice)) return this.#choice
    const choice = JSON.parse(readFileSync(this.#files.choice, 'utf8')) as Forkchoice
    // What becomes of files that were copied one after the other while a client wrote to both.
    if (this.block(choice.head) === undefined)
      throw new Error(`the database is corrupt: its head ${choice.head} is not among its blocks`)
    if (!this.#leadsToGenesis(choice.head)) throw new Error('the database was made with another genesis')
    return choice
  }

  #leadsToGenesis(head: string): boolean {
    let block = this.block(head)
    while (block !== undefined && Number(block.number) > 0) block = this.block(block.parentHash)
    return block === this.genesis
  }
}

/** A killed process may leave the last line unfinished: it was told to nobody. */
function readBlocks(file: string): Block[] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  const end = text.lastIndexOf('\n') + 1
  if (end < text.length) truncateSync(file, Buffer.byteLength(text.slice(0, end)))
  return text
    .slice(0, end)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Block)
}

/** The flock is on the directory's descriptor, which a child takes it on; it ends with this process, SIGKILL included. */
function hold(db: string): void {
  const fd = openSync(db, 'r')
  const taken = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    timeout: 10_000,
  })
  if (taken.status !== 0)
    throw new Error(
      `failed to open the database: storage directory is currently in use as read-write by another process: ${db}`,
    )
  writeFileSync(join(db, 'lock'), `${process.pid}\n`, { mode: 0o600 })
}
