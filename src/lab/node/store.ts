import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Header } from '../../evnode/block.ts'
import { blockHash } from '../../evnode/block.ts'
import { readMemory, SparsePair } from './sparse-pair.ts'
import { lockStore } from './store-lock.ts'

/** A block as the stand-in keeps and sends it. */
export interface StoredBlock {
  readonly header: Header
  /** base64. */
  readonly signature: string
  /** libp2p's encoding, base64. */
  readonly pubKey: string
}

/** A memory file that has grown this far becomes a table. */
const flushBytes = 16 * 1024 * 1024

/**
 * The node's database on disk, shaped as the real one's files are: immutable tables, a preallocated sparse pair while
 * it runs, a manifest that every opening rewrites, and a lock that is a real flock on the directory.
 */
export class Store {
  readonly dir: string
  readonly #blocks = new Map<number, StoredBlock>()
  readonly #hashes = new Map<number, string>()
  readonly #lock: { release(): void }
  readonly #pair: SparsePair
  readonly #executor: SparsePair
  #height = 0
  /** Newest header known to lie on DA. */
  submitted = 0

  constructor(dir: string) {
    this.dir = dir
    mkdirSync(dir, { recursive: true, mode: 0o750 })
    this.#lock = lockStore(dir)
    for (const name of tablesIn(dir)) this.#take(readFileSync(join(dir, name), 'utf8'))
    const memory = readMemory(dir)
    if (memory.length > 0) {
      this.#take(memory.toString('utf8'))
      writeTable(dir, memory)
    }
    this.submitted = readSubmitted(dir)
    this.#pair = new SparsePair(dir)
    const executor = join(dirname(dir), 'executor')
    mkdirSync(executor, { recursive: true, mode: 0o750 })
    this.#executor = new SparsePair(executor)
    this.#note('opened')
    writeFileSync(join(dir, 'LOCK'), `${process.pid}\n`)
    if (!existsSync(join(dir, 'KEYREGISTRY'))) writeFileSync(join(dir, 'KEYREGISTRY'), 'Hello Badger')
  }

  get height(): number {
    return this.#height
  }

  block(height: number): StoredBlock | undefined {
    return this.#blocks.get(height)
  }

  hash(height: number): string {
    return this.#hashes.get(height) ?? ''
  }

  append(block: StoredBlock): void {
    const line = Buffer.from(`${JSON.stringify(block)}\n`)
    this.#pair.append(line)
    this.#executor.append(Buffer.from(`height/${block.header.height}\n`))
    this.#remember(block)
    if (this.#pair.bytes > flushBytes) this.#flush()
  }

  noteSubmitted(height: number): void {
    this.submitted = height
    writeFileSync(join(this.dir, 'METADATA'), JSON.stringify({ 'last-submitted-header-height': height }))
  }

  /** A clean close: the memory becomes a table. The executor's database is never closed, as with the real node. */
  close(): void {
    this.#flush()
    this.#pair.close()
    this.#executor.abandon()
    this.#note('closed')
    this.#lock.release()
  }

  #flush(): void {
    const memory = readMemory(this.dir)
    if (memory.length > 0) writeTable(this.dir, memory)
    this.#pair.reset()
  }

  #take(text: string): void {
    for (const line of text.split('\n')) {
      if (line === '') continue
      try {
        this.#remember(JSON.parse(line) as StoredBlock)
      } catch {
        // A write that SIGKILL cut off; the block was never served.
        return
      }
    }
  }

  #remember(block: StoredBlock): void {
    const { height } = block.header
    this.#blocks.set(height, block)
    this.#hashes.set(height, blockHash(block.header))
    this.#height = Math.max(this.#height, height)
  }

  /** Every opening and closing leaves other bytes, whatever the height (evnode.md A2). */
  #note(what: string): void {
    const path = join(this.dir, 'MANIFEST')
    const before = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-20).join('\n') : ''
    writeFileSync(path, `${before}${what} ${randomBytes(8).toString('hex')} at ${this.#height}\n`)
  }
}

function tablesIn(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.sst'))
    .sort()
}

function writeTable(dir: string, content: Buffer): void {
  const last = Number.parseInt(tablesIn(dir).at(-1) ?? '0', 10)
  const fd = openSync(join(dir, `${String(last + 1).padStart(6, '0')}.sst`), 'wx', 0o600)
  writeSync(fd, content)
  fsyncSync(fd)
  closeSync(fd)
}

function readSubmitted(dir: string): number {
  const path = join(dir, 'METADATA')
  if (!existsSync(path)) return 0
  return (
    (JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>)['last-submitted-header-height'] ?? 0
  )
}
