// An hour of a chain as it really is, in simulated time: nodes that are down, behind, back again, and late; DA with the same
// header twice, with forged ones and those of others. No alarm. Then one second signature, and there is one.
import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Block, blockHash, encodeHeader, type Header, libp2pPublicKey } from '../../src/evnode/block.ts'
import type { DaClient } from '../../src/evnode/da.ts'
import type { HeaderBlob } from '../../src/evnode/da-blob.ts'
import type { NodeRpc } from '../../src/evnode/rpc.ts'
import { proposerAddressOf } from '../../src/evnode/signer.ts'
import type { StateView } from '../../src/machine/decider.ts'
import { realClock } from '../../src/run/clock.ts'
import { Watch } from '../../src/run/watch.ts'
import type { Host, StepContext } from '../../src/steps/step.ts'

function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return {
    address: proposerAddressOf(raw),
    pubKey: libp2pPublicKey(raw),
    sign: (bytes: Buffer) => sign(null, bytes, privateKey).toString('base64'),
  }
}
const proposer = keyPair()
const stranger = keyPair()

function block(height: number, by = proposer, appHash = 'AA=='): Block {
  const header: Header = {
    versionBlock: 11,
    versionApp: 1,
    height,
    timeNs: `${1_000_000_000n * BigInt(height)}`,
    lastHeaderHash: 'AA==',
    dataHash: 'AA==',
    appHash,
    proposerAddress: by.address,
    validatorHash: 'AA==',
    chainId: 'demo',
  }
  return {
    header,
    hash: blockHash(header),
    signature: by.sign(encodeHeader(header)),
    signerAddress: by.address,
    signerPubKey: by.pubKey,
    transactionCount: 0,
    headerDaHeight: 0,
    dataDaHeight: 0,
  }
}

const names = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'] as const
type Name = (typeof names)[number]
const startHeight = 100

/** A chain that makes a block each simulated second while somebody sleeps, and what of it each node shows. */
class FakeChain {
  now = 0
  readonly #blocks = new Map<number, Block>()
  /** What a node has instead of the chain's block. */
  readonly others = new Map<Name, Map<number, Block>>()
  readonly da: HeaderBlob[][] = [[]]
  /** Which head a node shows; null while its RPC is closed. */
  headOf: (name: Name, head: number) => number | null = (_name, head) => head
  onTick: (head: number) => void = () => undefined

  get head(): number {
    return startHeight + Math.floor(this.now / 1_000)
  }

  at(height: number): Block {
    const known = this.#blocks.get(height) ?? block(height)
    this.#blocks.set(height, known)
    return known
  }

  submit(one: Block, validSignature = true): void {
    this.da.at(-1)?.push({ ...one, validSignature })
  }

  pass(ms: number): void {
    const before = this.head
    this.now += ms
    if (this.head === before) return
    this.da.push([])
    this.onTick(this.head)
  }

  rpc(name: Name): NodeRpc {
    const closed = { kind: 'closed', why: 'nobody listens' } as const
    const head = () => this.headOf(name, this.head)
    const answers: Partial<NodeRpc> = {
      state: () => {
        const lastBlockHeight = head()
        if (lastBlockHeight === null) return Promise.resolve(closed)
        return Promise.resolve({ kind: 'ok', value: { lastBlockHeight } } as Awaited<
          ReturnType<NodeRpc['state']>
        >)
      },
      block: (height) => {
        const top = head()
        if (top === null) return Promise.resolve(closed)
        if (height > top) return Promise.resolve({ kind: 'missing' })
        return Promise.resolve({ kind: 'ok', value: this.others.get(name)?.get(height) ?? this.at(height) })
      },
    }
    return answers as NodeRpc
  }

  client(): DaClient {
    return {
      localHead: () => Promise.resolve({ kind: 'ok', value: this.da.length - 1 }),
      headerBlobs: (height: number) => Promise.resolve({ kind: 'ok', value: this.da[height] ?? [] }),
    } as Partial<DaClient> as DaClient
  }
}

const configText = 'da:\n  address: http://127.0.0.1:7980\n'
const hosts = names.map(
  (name) =>
    ({
      spec: { name, home: `/${name}` },
      remote: {
        name,
        run: () =>
          Promise.resolve({
            kind: 'finished',
            exitCode: 0,
            stdout: configText,
            stderr: '',
            truncated: false,
            durationMs: 1,
          }),
      },
    }) as unknown as Host,
)

/** A watch over the chain, whose time passes only by the watch's own waiting. */
function watching(chain: FakeChain) {
  const facts = {
    check: { proposerAddress: proposer.address, daNamespace: '00', daAddress: 'http://127.0.0.1:7980' },
    arm: { daHeight: 0 },
    fence: { noted: { height: startHeight } },
  }
  const context = (signal: AbortSignal) =>
    ({
      run: 'run',
      nodes: hosts,
      source: hosts[0],
      facts,
      signal,
      onPaper: false,
      rpc: ({ spec }: Host) => chain.rpc(spec.name as Name),
      da: () => chain.client(),
    }) as unknown as StepContext
  let endMs = 0
  let reached: () => void = () => undefined
  const clock = {
    ...realClock,
    sleep: async (ms: number, signal?: AbortSignal) => {
      if (chain.now >= endMs) {
        reached()
        await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
      }
      signal?.throwIfAborted()
      chain.pass(ms)
    },
  }
  const watch = new Watch('run', clock, (_view, signal) => context(signal))
  const view = { path: 'soak', phase: 'after', gate: null, context: { facts } } as unknown as StateView
  return {
    watch,
    /** Lets so much time pass, and then a whole round; ends early with an alarm. */
    until: async (ms: number) => {
      endMs = ms
      const over = new Promise<void>((resolve) => {
        reached = resolve
      })
      const alarmed = new Promise<void>((resolve) => watch.signal.addEventListener('abort', () => resolve()))
      watch.follow({ ...view, path: 'check', phase: 'prepare' } as StateView)
      watch.follow(view)
      await Promise.race([over, alarmed])
    },
  }
}

/** What befalls a healthy cluster, by the clock: restarts, a member behind, a late joiner, a leader that changes. */
function asItReallyIs(chain: FakeChain): void {
  chain.headOf = (name, head) => {
    const second = Math.floor(chain.now / 1_000)
    if (name === 'node-5' && second < 30) return null
    if (name === 'node-2' && second % 300 < 10) return null
    if (name === 'node-3' && second % 120 < 20) return Math.max(startHeight, head - 15)
    return name === 'node-4' && second % 7 === 0 ? head - 1 : head
  }
  chain.onTick = (head) => {
    // Submitted late, in batches, and a batch now and then twice: a new leader does not know what the old one submitted.
    if (head % 3 === 0)
      for (let height = Math.max(startHeight, head - 5); height <= head; height++)
        chain.submit(chain.at(height))
    if (head % 50 === 0) chain.submit(block(head, stranger))
    if (head % 70 === 0) chain.submit(block(head, proposer, 'forged'), false)
  }
}

const hourMs = 3_600_000

test('no false alarm in an hour, whatever befalls nodes and DA; then one second signature, and it is found', async () => {
  const chain = new FakeChain()
  asItReallyIs(chain)
  const { watch, until } = watching(chain)
  await until(hourMs)
  expect(chain.head).toBe(startHeight + 3_600)
  expect(watch.alarm).toBeNull()
  const height = chain.head - 3
  chain.onTick = () => chain.submit(block(height, proposer, 'second'))
  await until(hourMs + 10_000)
  expect(watch.signal.aborted).toBe(true)
  expect(watch.alarm?.heights).toEqual([height])
  expect(watch.alarm?.failure).toMatchObject({ kind: 'contradiction', retryable: false })
  expect(watch.alarm?.proofs).toMatchObject([{ height, signed: [{ signerPubKey: proposer.pubKey }, {}] }])
  expect(chain.now).toBeLessThanOrEqual(hourMs + 3_000)
  await watch.end()
}, 60_000)

/** From `from` on the node has blocks of its own. */
function forks(chain: FakeChain, name: Name, from: number): void {
  const own = new Map<number, Block>()
  for (let height = from; height < from + 40; height++) own.set(height, block(height, proposer, 'own'))
  chain.others.set(name, own)
}

test.each<[string, (chain: FakeChain) => void]>([
  ['a node shows another block at its head', (chain) => forks(chain, 'node-3', chain.head)],
  [
    'a node falls back to a stale store and signs from there',
    (chain) => {
      const fellAtMs = chain.now
      const from = chain.head - 13
      forks(chain, 'node-3', from + 1)
      chain.headOf = (name, head) =>
        name === 'node-3' ? from + Math.floor((chain.now - fellAtMs) / 1_000) : head
    },
  ],
  [
    'a node that was never seen before comes with a stale store',
    (chain) => {
      forks(chain, 'node-5', startHeight + 10)
      chain.headOf = (name, head) => (name === 'node-5' ? startHeight + 12 : head)
    },
  ],
])('an alarm within seconds: %s', async (_what, harm) => {
  const chain = new FakeChain()
  chain.headOf = (name, head) => (name === 'node-5' ? null : head)
  const { watch, until } = watching(chain)
  await until(30_000)
  expect(watch.alarm).toBeNull()
  harm(chain)
  await until(40_000)
  expect(watch.alarm).not.toBeNull()
  expect(chain.now).toBeLessThanOrEqual(35_000)
  await watch.end()
})

test('blocks of the stopped sequencer are known to the watch: a stale store that leads in its place is found', async () => {
  const chain = new FakeChain()
  chain.headOf = (name, head) => (name === 'node-1' ? head : null)
  const { watch, until } = watching(chain)
  await until(2_000)
  forks(chain, 'node-2', startHeight - 20)
  chain.headOf = (name) => (name === 'node-2' ? startHeight - 19 : null)
  await until(5_000)
  expect(watch.alarm?.heights).toContain(startHeight - 20)
  await watch.end()
})

test('what only a stranger signed, or nobody, is no second signature', async () => {
  const chain = new FakeChain()
  const { watch, until } = watching(chain)
  await until(5_000)
  const unsigned = { ...block(chain.head, proposer, 'other'), signature: '' }
  chain.others.set('node-2', new Map([[chain.head, unsigned]]))
  chain.others.set('node-3', new Map([[chain.head, block(chain.head, stranger)]]))
  await until(8_000)
  expect(watch.alarm).toBeNull()
  await watch.end()
})
