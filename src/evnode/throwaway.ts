import { createHash } from 'node:crypto'
import type { NodeConfig } from './config.ts'
import type { ConfigChanges } from './config-text.ts'
import { type ExecutionClient, executionFlags } from './execution.ts'

/** Where a single sequencer of its own is laid, and what it runs on. */
export interface SinglePlace {
  readonly binary: string
  readonly home: string
  readonly passphraseFile: string
  /** host:port. */
  readonly rpc: string
  readonly address: string
  readonly p2pPort: number
  readonly daAddress: string
  readonly daNamespace: string
  /** What it is told of its execution client; absent where it drives none. */
  readonly execution?: ExecutionClient
}

/** What of a configuration decides how the node behaves in a cutover; places, keys and addresses are left out. */
export interface Settings {
  readonly blockTimeMs: number
  readonly lazyMode: boolean
  readonly lazyIntervalMs: number
  readonly maxPending: number
}

export function settingsOf(config: NodeConfig): Settings {
  const { blockTimeMs, lazyMode, lazyIntervalMs, maxPending } = config
  return { blockTimeMs, lazyMode, lazyIntervalMs, maxPending }
}

/** sha256, hex, over the settings. */
export function settingsDigest(config: NodeConfig): string {
  return createHash('sha256')
    .update(JSON.stringify(settingsOf(config)))
    .digest('hex')
}

/** A chain of one block a second, as the public guides have it. */
export const plainSettings: Settings = {
  blockTimeMs: 1_000,
  lazyMode: false,
  lazyIntervalMs: 60_000,
  maxPending: 0,
}

/** What is changed in the evnode.yaml that `init` wrote, for a sequencer that shall run there alone. */
export function singleConfig(place: SinglePlace, settings: Settings): ConfigChanges {
  const host = place.address.includes(':') ? 'ip6' : 'ip4'
  return {
    'node.aggregator': true,
    'node.block_time': `${settings.blockTimeMs}ms`,
    'node.lazy_mode': settings.lazyMode,
    'node.lazy_block_interval': `${settings.lazyIntervalMs}ms`,
    'node.max_pending_headers_and_data': settings.maxPending,
    'da.address': place.daAddress,
    'da.namespace': place.daNamespace,
    'rpc.address': place.rpc,
    'p2p.listen_address': `/${host}/${place.address}/tcp/${place.p2pPort}`,
    'signer.signer_path': `${place.home}/config`,
  }
}

/** The unit as an operator of a single sequencer would have it; `user` '' for root. */
export function singleUnit(
  {
    binary,
    home,
    passphraseFile,
    execution,
  }: Pick<SinglePlace, 'binary' | 'home' | 'passphraseFile' | 'execution'>,
  user: string,
): string {
  return `[Unit]
Description=ev-node sequencer
Wants=network-online.target
After=network-online.target

[Service]
${user === '' ? '' : `User=${user}\n`}ExecStart=${binary} start --home ${home} --evnode.node.aggregator=true \\
  --evnode.signer.passphrase_file ${passphraseFile} --evnode.log.format json${execution === undefined ? '' : clientWords(execution)}
Restart=on-failure
RestartSec=1s
TimeoutStopSec=40s

[Install]
WantedBy=multi-user.target
`
}

/** A client is told by flags alone (evnode.md B 10). */
const clientWords = (client: ExecutionClient): string =>
  Object.entries({
    ...executionFlags(client),
    'evm.genesis-hash': client.genesisHash,
    'evm.fee-recipient': client.feeRecipient,
  })
    .map(([name, value]) => ` \\\n  --${name} ${value}`)
    .join('')

/** A directory beside the databases that no node opens: files to seed, of the size the real ones have. */
export const ballastDir = (home: string) => `${home}/data/rehearsal-ballast`
