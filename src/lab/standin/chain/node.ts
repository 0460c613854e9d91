import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Genesis, readGenesis } from '../../../evnode/genesis.ts'
import { peerIdOf } from '../../../evnode/peer-id.ts'
import { proposerAddressOf } from '../../../evnode/signer.ts'
import type { StandinEnvironment } from '../environment.ts'
import { ClientExecutor } from '../execution/client-executor.ts'
import { clientFlags } from '../execution/client-flags.ts'
import type { Executor } from '../execution/executor.ts'
import { NodeFailure } from '../failure.ts'
import type { Flags } from '../flags.ts'
import { noKey, openSigner, readPassphrase, type SigningKey } from '../keys.ts'
import type { Logger } from '../logger.ts'
import { type Settings, validate } from '../settings.ts'
import { Witness } from '../witness.ts'
import { ChainStore } from './chain-store.ts'
import { KvState } from './kv-state.ts'
import { Mempool } from './mempool.ts'

/** What both kinds of node are made of. */
export interface Node {
  readonly settings: Settings
  readonly environment: StandinEnvironment
  readonly log: Logger
  readonly genesis: Genesis
  readonly key: SigningKey
  readonly peerId: string
  readonly store: ChainStore
  readonly executor: Executor
  /** Of the test application. */
  readonly kv: KvState | undefined
  readonly mempool: Mempool
  readonly witness: Witness
}

/** Opens everything a node needs before it listens, in the real node's order. Throws NodeFailure in its words. */
export function openNode(
  flags: Flags,
  settings: Settings,
  environment: StandinEnvironment,
  log: Logger,
): Node {
  validate(settings)
  // The databases first, the executor's before the store, as the real application opens them: who holds the store
  // alone keeps a second process from signing, but not from writing the executor's files anew.
  const kv = environment.app === 'testapp' ? new KvState(join(settings.dataDir, 'executor')) : undefined
  const store = new ChainStore(join(settings.dataDir, environment.db))
  try {
    const executor = kv ?? new ClientExecutor(clientFlags(flags), store, log, environment)
    const { aggregator, daAddress } = settings.config
    if (aggregator && daAddress === '')
      throw new NodeFailure('DA address is required when aggregator or promotable mode is enabled')
    const key = aggregator ? openSigner(settings.signerDir, readPassphrase(settings.passphraseFile)) : noKey
    const genesis = genesisOf(settings.home)
    const peerId = peerIdOf(readFileSync(join(settings.home, 'config', 'node_key.json'), 'utf8'))
    const nodeId = settings.config.raft.enable ? settings.config.raft.nodeId : ''
    const witness = new Witness(environment.signedFile, nodeId)
    return {
      settings,
      environment,
      log,
      genesis,
      key,
      peerId,
      store,
      executor,
      kv,
      mempool: new Mempool(),
      witness,
    }
  } catch (thrown) {
    store.close()
    throw thrown
  }
}

function genesisOf(home: string): Genesis {
  const path = join(home, 'config', 'genesis.json')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new NodeFailure(`failed to load genesis: genesis file not found at path: ${path}`)
  }
  return readGenesis(text)
}

/** Who may sign must be who the chain expects, else the node refuses to lead (evnode.md B 9). Throws NodeFailure. */
export function assertProposer({ key, genesis }: Pick<Node, 'key' | 'genesis'>): void {
  if (proposerAddressOf(key.publicKey) !== genesis.proposerAddress)
    throw new NodeFailure(
      'components started with error: failed to start executor: failed to initialize state: not a proposer',
    )
}
