import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { mergeConfig } from '../../evnode/config.ts'
import { proposerAddressOf, readSigner } from '../../evnode/signer.ts'
import type { App } from './app.ts'
import { defaultConfig } from './default-config.ts'
import { NodeFailure } from './failure.ts'
import type { Flags } from './flags.ts'
import { newNodeKeyJson, newSignerJson, readPassphrase } from './keys.ts'

/** Keys of evnode.yaml that init takes from its flags. */
const taken = /^(raft|node|da)\.|^(p2p\.listen_address|p2p\.peers|rpc\.address|signer\.signer_path)$/

/**
 * `init`: the four files of a home, 0600 in a directory of 0750. evnode.yaml is written each time, with
 * `node.aggregator` as the flags say and, by the test application, a block time of 100 ms; its other keys, the keys and the genesis that are
 * there stay (evnode.md B 1.2, seen). Throws NodeFailure.
 */
export function init(flags: Flags, app: App): void {
  const home = resolve(flags.given.get('home') ?? join(homedir(), `.${app}`))
  const config = join(home, 'config')
  const aggregator = /^(true|1|t)$/i.test(flags.config['node.aggregator'] ?? 'false')
  const passphraseFile = flags.given.get('evnode.signer.passphrase_file')
  if (aggregator && !passphraseFile)
    throw new NodeFailure(
      'failed to initialize signer via factory: passphrase is required when using local file signer',
    )
  const passphrase = aggregator ? readPassphrase(passphraseFile) : undefined
  mkdirSync(config, { recursive: true, mode: 0o750 })
  const changes = Object.entries(flags.config).filter(([key]) => taken.test(key))
  const yaml = join(config, 'evnode.yaml')
  const before = existsSync(yaml)
    ? readFileSync(yaml, 'utf8')
    : defaultConfig(home, join(homedir(), '.evnode', 'raft'))
  const forced = {
    'node.aggregator': String(aggregator),
    ...(app === 'testapp' ? { 'node.block_time': '100ms' } : {}),
  }
  const { text } = mergeConfig(before, { ...Object.fromEntries(changes), ...forced })
  write(yaml, text)
  writeNew(join(config, 'node_key.json'), newNodeKeyJson)
  if (passphrase !== undefined) writeNew(join(config, 'signer.json'), () => newSignerJson(passphrase).json)
  writeNew(join(config, 'genesis.json'), () =>
    genesisJson(flags.given.get('chain_id') ?? 'evolve-test', config),
  )
}

function genesisJson(chainId: string, config: string): string {
  const signer = join(config, 'signer.json')
  const proposer = existsSync(signer) ? readSigner(readFileSync(signer, 'utf8')).proposerAddress : ''
  const genesis = {
    chain_id: chainId,
    start_time: new Date().toISOString(),
    initial_height: 1,
    proposer_address: proposer || proposerAddressOf(Buffer.alloc(32)),
    da_start_height: 0,
    da_epoch_forced_inclusion: 50,
  }
  return JSON.stringify(genesis, undefined, 2)
}

function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 })
}

function writeNew(path: string, text: () => string): void {
  if (!existsSync(path)) write(path, text())
}
