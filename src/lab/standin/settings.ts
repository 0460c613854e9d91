import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { type NodeConfig, readConfig } from '../../evnode/config.ts'
import { configDocument, valueAt } from '../../evnode/config-text.ts'
import { durationMs, durationText } from '../../evnode/go-duration.ts'
import { randomNamespace } from './default-config.ts'
import type { StandinEnvironment } from './environment.ts'
import { NodeFailure } from './failure.ts'
import type { Flags } from './flags.ts'
import { seenThrough } from './spoiled-config.ts'

/** All a command must know: configuration file and flags, merged as the node merges them. */
export interface Settings {
  readonly home: string
  readonly config: NodeConfig
  /** Directory of the databases. */
  readonly dataDir: string
  readonly passphraseFile: string | undefined
  readonly signerDir: string
  readonly kvEndpoint: string
  /** How often the executor is asked for new transactions. */
  readonly scrapeIntervalMs: number
  readonly logLevel: string
  readonly raftDir: string
  readonly snapCount: number
  readonly snapshotThreshold: number
  readonly trailingLogs: number
  /** How long a DA batch is held back at most. */
  readonly daDelayMs: number
}

/** Reads `home/config/evnode.yaml` (the node's defaults where it is absent) under the flags. Throws NodeFailure. */
export function loadSettings(flags: Flags, { names, app }: StandinEnvironment): Settings {
  const home = resolve(flags.given.get('home') ?? join(homedir(), `.${app}`))
  const yaml = seenThrough(names, textOf(join(home, 'config', 'evnode.yaml')))
  const config = read(yaml, flags)
  const document = configDocument(yaml)
  const value = (key: string, absent: string) => flags.config[key] ?? String(valueAt(document, key) ?? absent)
  const delayMs = durationMs(value('da.batch_max_delay', '0s')) ?? 0
  const daBlockMs = durationMs(value('da.block_time', '6s')) ?? 6_000
  return {
    home,
    config,
    dataDir: isAbsolute(config.dbPath) ? config.dbPath : join(home, config.dbPath),
    passphraseFile: flags.given.get('evnode.signer.passphrase_file'),
    signerDir: resolve(config.signerPath),
    scrapeIntervalMs: durationMs(value('node.scrape_interval', '1s')) || 1_000,
    kvEndpoint: flags.given.get('kv-endpoint') ?? '',
    logLevel: value('log.level', 'info'),
    raftDir: config.raft.dir === '' ? join(homedir(), '.evnode', 'raft') : config.raft.dir,
    snapCount: Number(value('raft.snap_count', '3')),
    snapshotThreshold: Number(value('raft.snapshot_threshold', '500')),
    trailingLogs: Number(value('raft.trailing_logs', '200')),
    daDelayMs: delayMs > 0 ? delayMs : daBlockMs,
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function read(yaml: string, flags: Flags): NodeConfig {
  try {
    const config = readConfig(yaml, flags.config)
    // Nobody named one: this start takes another than the last (evnode.md B 1.1 c).
    return config.daNamespace === '' ? { ...config, daNamespace: randomNamespace() } : config
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new NodeFailure(`failed to load node config: ${why}`)
  }
}

/** The checks a node makes before it opens anything (evnode.md B 1.1). Throws NodeFailure. */
export function validate({ config }: Settings): void {
  const invalid = (why: string) => new NodeFailure(`failed to validate node config: ${why}`)
  if (config.catchupTimeoutMs > 0 && config.raft.enable)
    throw invalid('catchup timeout and Raft consensus are mutually exclusive; disable one of them')
  if (config.promotable && config.raft.enable)
    throw invalid('promotable mode cannot be combined with Raft consensus')
  const { heartbeatMs, electionMs } = config.raft
  if (config.raft.enable && electionMs < heartbeatMs)
    throw invalid(
      `election timeout (${durationText(electionMs)}) must be >= heartbeat timeout (${durationText(heartbeatMs)})`,
    )
  if (config.raft.enable && config.raft.nodeId === '') throw invalid('node ID is required')
  if (config.raft.enable && config.raft.address === '') throw invalid('raft address is required')
  if (!config.aggregator && config.raft.enable)
    throw new NodeFailure('failed to create node: raft config must be used in sequencer setup only')
  if (config.catchupTimeoutMs > 0 && !config.aggregator)
    throw invalid('catchup timeout requires aggregator mode to be enabled')
}
