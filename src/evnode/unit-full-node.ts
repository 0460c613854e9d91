import { execQuote } from './exec-start.ts'
import { type ExecutionPlaces, executionFlags } from './execution.ts'
import { type NodeFlag, nodeCommand } from './node-command.ts'
import { type Unit, unitEntries } from './unit-file.ts'
import { withoutReplaced } from './unit-raft.ts'

/** A plain full node beside a member to be: what is its own in the unit it shares with the sequencer. */
export interface FullNodeInput {
  /** Absolute; never the member's. */
  readonly home: string
  /** Absolute. */
  readonly binary: string
  /** A multiaddress. */
  readonly p2pListen: string
  /** Multiaddresses, the live sequencer's first. */
  readonly p2pPeers: readonly string[]
  /** host:port. */
  readonly rpcAddress: string
  /** Absolute; while this file is missing the unit can not be started. */
  readonly permit: string
  readonly execution?: ExecutionPlaces
}

/** What a full node must not have of the sequencer's command line: it signs nothing, and listens where nobody else does. */
const dropped =
  /^(raft\..+|signer\..+|instrumentation\..+|p2p\.listen_address|p2p\.peers|rpc\.address|db_path|clear_cache|node\.(aggregator|promotable|based_sequencer|catchup_timeout|light))$/
const droppedFlags = ['home', 'kv-endpoint', 'force-inclusion-server', 'solo-sequencer']

/** Commands beside the node itself, which may look at the sequencer's own places; and what enables a unit. */
const others = /^Exec(Condition|StartPre|StartPost|Stop|StopPost|Reload)$/

/**
 * The unit of a plain full node that follows the live sequencer, from that one's unit with its drop-ins folded in. It has no
 * aggregator, no Raft and no key, and is started only by hand of evha: it is never enabled. Settings stand in the command
 * line, before evnode.yaml, so that the file can be the sequencer's as it is. Throws EvhaError (blocked).
 */
export function fullNodeUnit(source: Unit, input: FullNodeInput): string {
  const { exec, verb, flags } = nodeCommand(source)
  const kept = [source.text, ...source.dropIns.map(({ text }) => text)].map(withoutOthers)
  const execution = executionFlags(input.execution ?? {})
  const words = [
    `${exec.prefixes.replaceAll('-', '').replaceAll('@', '')}${execQuote(input.binary)}`,
    verb,
    '--home',
    execQuote(input.home),
    ...flags.filter((flag) => isKept(flag, execution)).flatMap((flag) => flag.words.map(({ raw }) => raw)),
    ...Object.entries({ ...execution, ...ownFlags(input) }).map(([name, value]) =>
      execQuote(`--${name}=${value}`),
    ),
  ]
  const own = [
    '# Written by evha: a plain full node, so that the execution client of this host stands near the head. It signs nothing.',
    '[Unit]',
    `AssertPathExists=${input.permit.replaceAll('%', '%%')}`,
    'StartLimitIntervalSec=0',
    '[Service]',
    `ExecStart=${words.join(' ')}`,
    'Restart=always',
    'RestartSec=2s',
    'TimeoutStopSec=20s',
  ]
  return `${[...kept.map((text) => text.trimEnd()), own.join('\n')].filter(Boolean).join('\n\n')}\n`
}

const ownFlags = ({ p2pListen, p2pPeers, rpcAddress }: FullNodeInput): Readonly<Record<string, string>> => ({
  'evnode.node.aggregator': 'false',
  // Only a node that makes blocks may have one. Flags of Raft, of a promotable node and of a based sequencer are left out, as the
  // node takes no two of one group (pkg/config/config.go); check lets no sequencer pass that has one of them on.
  'evnode.node.catchup_timeout': '0s',
  'evnode.instrumentation.prometheus': 'false',
  'evnode.instrumentation.pprof': 'false',
  'evnode.db_path': 'data',
  'evnode.p2p.listen_address': p2pListen,
  'evnode.p2p.peers': p2pPeers.join(','),
  'evnode.rpc.address': rpcAddress,
})

const isKept = ({ name, key }: NodeFlag, execution: Readonly<Record<string, string>>) =>
  !droppedFlags.includes(name) && execution[name] === undefined && (key === undefined || !dropped.test(key))

function withoutOthers(text: string): string {
  return unitEntries(withoutReplaced(text))
    .filter(({ section, key }) => section !== 'Install' && !(section === 'Service' && others.test(key)))
    .flatMap(({ lines }) => lines)
    .join('\n')
}
