import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type NodeConfig, readConfig } from '../../evnode/config.ts'
import { type Genesis, readGenesis } from '../../evnode/genesis.ts'
import { peerIdOf } from '../../evnode/peer-id.ts'
import type { CommandLine } from './command-line.ts'
import { NodeExit } from './exit-with.ts'
import { openSigner, readPassphrase, type Signer } from './keys.ts'

/** All a start needs, read and judged in the order in which the real node judges it. */
export interface Settings {
  readonly home: string
  readonly config: NodeConfig
  readonly genesis: Genesis
  readonly signer: Signer
  readonly peerId: string
  readonly storeDir: string
  /** Divides the waits that are written down: 10 in a fast lab. */
  readonly speed: number
  /** True under PrivateNetwork=yes: nobody can be reached, so no socket is opened. */
  readonly alone: boolean
}

/** Reads flags, evnode.yaml, genesis and keys; throws NodeExit with the recorded words. */
export function readSettings({ values, own }: CommandLine): Settings {
  const home = own['home'] ?? ''
  const file = (name: string) => join(home, 'config', name)
  const { 'signer.passphrase_file': passphraseFile, ...flags } = values
  if (values['node.catchup_timeout'] !== undefined && values['raft.enable'] !== undefined)
    throw new NodeExit(
      'if any flags in the group [evnode.node.catchup_timeout evnode.raft.enable] are set none of the others can be; [evnode.node.catchup_timeout evnode.raft.enable] were all set',
    )
  for (const name of ['DB_PATH', 'CLEAR_CACHE'])
    if (process.env[name] !== undefined)
      throw new NodeExit(`failed to load node config: bindFlags failed: no such flag -${name.toLowerCase()}`)
  const config = readConfig(
    existsSync(file('evnode.yaml')) ? readFileSync(file('evnode.yaml'), 'utf8') : '{}\n',
    flags,
  )
  judge(config)
  if (!existsSync(file('genesis.json')))
    throw new NodeExit(`failed to load genesis: genesis file not found at path: ${file('genesis.json')}`)
  const signer = openSigner(config.signerPath, readPassphrase(passphraseFile))
  return {
    home,
    config,
    genesis: readGenesis(readFileSync(file('genesis.json'), 'utf8')),
    signer,
    peerId: peerIdOf(readFileSync(file('node_key.json'), 'utf8')),
    storeDir: join(home, config.dbPath, 'testapp'),
    speed: Number(process.env['EVHA_STANDIN_SPEED'] ?? '1') || 1,
    alone: process.env['EVHA_STANDIN_PRIVATE_NETWORK'] === '1',
  }
}

function judge(config: NodeConfig): void {
  const { raft } = config
  // An environment variable DA hides the whole section (evnode.md B 1.3).
  if ((config.aggregator && config.daAddress === '') || process.env['DA'] !== undefined)
    throw new NodeExit('DA address is required when aggregator or promotable mode is enabled')
  if (!raft.enable) return
  if (raft.address === '') throw new NodeExit('failed to validate node config: raft address is required')
  if (!config.aggregator)
    throw new NodeExit('failed to create node: raft config must be used in sequencer setup only')
  const host = raft.address.slice(0, raft.address.lastIndexOf(':'))
  const cannot = (why: string) =>
    new NodeExit(`failed to create node: failed to initialize raft node: create raft node: ${why}`)
  if (['', '0.0.0.0', '[::]', '::'].includes(host))
    throw cannot('create transport: local bind address is not advertisable')
  if (raft.leaseMs > raft.heartbeatMs)
    throw cannot(
      `create raft: LeaderLeaseTimeout (${raft.leaseMs}ms) cannot be larger than heartbeat timeout (${raft.heartbeatMs}ms)`,
    )
}
