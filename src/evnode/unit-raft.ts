import type { FlagValues } from './config.ts'
import { execQuote } from './exec-start.ts'
import { type ExecutionPlaces, executionFlags } from './execution.ts'
import { flagOverrides, type NodeCommand, type NodeFlag, nodeCommand } from './node-command.ts'
import { type Unit, unitEntries, unitValue } from './unit-file.ts'

/** What is this node's own in the unit it shares with the sequencer. */
export interface RaftUnitInput {
  /** Absolute. */
  readonly home: string
  /** Absolute; without it the sequencer's. */
  readonly binary?: string
  /** Absolute; without it the sequencer's. */
  readonly passphraseFile?: string
  /** Listeners that are flags only (kv-endpoint, metrics) bound to the sequencer's address move to this node's. */
  readonly address?: { readonly source: string; readonly own: string }
  /** This node's own execution client, where it is elsewhere than the sequencer's. */
  readonly execution?: ExecutionPlaces
}

export interface RaftUnit {
  readonly text: string
  /** Values of flags that were taken out of the command line: they belong into evnode.yaml now. */
  readonly moved: FlagValues
  /** Drop-ins that are part of `text` now: left beside it they would be applied a second time. */
  readonly foldedDropIns: readonly string[]
}

/** Keys that evha manages in evnode.yaml; a flag would stand before them (evnode.md B 1.3). */
const managed = /^(raft\..+|da\..+|p2p\.listen_address|p2p\.peers|rpc\.address|signer\.signer_path)$/

/** A stopping node needs up to 28 s (evnode.md B 7.1). */
const stopSecondsMin = 40

/** Settings that decide how a member is started again; all others stay as they are. */
const replaced: Readonly<Record<string, readonly string[]>> = {
  Unit: ['StartLimitIntervalSec', 'StartLimitInterval', 'StartLimitBurst'],
  Service: [
    'ExecStart',
    'Restart',
    'RestartSec',
    'RestartSteps',
    'RestartMaxDelaySec',
    'RestartPreventExitStatus',
    'SuccessExitStatus',
    'StartLimitInterval',
    'StartLimitBurst',
    'TimeoutStopSec',
  ],
}

/**
 * The unit of a cluster member, from the sequencer's with its drop-ins folded in. A leader that loses its leadership
 * exits 1 by design and must be started again without end (evnode.md A4, A4d). Throws EvhaError (blocked).
 */
export function raftUnit(source: Unit, input: RaftUnitInput): RaftUnit {
  const command = nodeCommand(source)
  const moved = Object.fromEntries(
    Object.entries(flagOverrides(command)).filter(([key]) => managed.test(key)),
  )
  const kept = [
    withoutReplaced(source.text),
    ...source.dropIns.map(({ name, text }) => `# From the drop-in ${name}.\n${withoutReplaced(text)}`),
  ]
  const own = [
    '# Set by evha: a member is started again without end.',
    '[Unit]',
    'StartLimitIntervalSec=0',
    '[Service]',
    `ExecStart=${execLine(command, input)}`,
    'Restart=on-failure',
    'RestartSec=1s',
    `TimeoutStopSec=${stopSeconds(source)}`,
  ]
  return {
    text: `${[...kept.map((text) => text.trimEnd()), own.join('\n')].join('\n\n')}\n`,
    moved,
    foldedDropIns: source.dropIns.map(({ name }) => name),
  }
}

/** A unit's text without the settings that evha makes itself. */
export function withoutReplaced(text: string): string {
  return unitEntries(text)
    .filter(({ section, key }) => replaced[section]?.includes(key) !== true)
    .flatMap(({ lines }) => lines)
    .join('\n')
}

function execLine(command: NodeCommand, input: RaftUnitInput): string {
  const { exec, verb } = command
  const own = executionFlags(input.execution ?? {})
  const flags = command.flags.filter(
    ({ name, key }) =>
      name !== 'home' && own[name] === undefined && (key === undefined || !managed.test(key)),
  )
  // With `-` systemd would take exit 1 for success and not start the node again.
  const prefixes = exec.prefixes.replaceAll('-', '')
  const program = input.binary === undefined ? exec.words[0].raw : execQuote(input.binary)
  return [
    `${prefixes}${program}`,
    ...(exec.displayed === undefined ? [] : [exec.displayed.raw]),
    verb,
    '--home',
    execQuote(input.home),
    ...flags.flatMap((flag) => flagWords(flag, input)),
    ...Object.entries(own).flatMap(([name, value]) => [`--${name}`, execQuote(value)]),
  ].join(' ')
}

function flagWords(flag: NodeFlag, { passphraseFile, address }: RaftUnitInput): readonly string[] {
  const written = flag.words.map(({ raw }) => raw)
  if (flag.key === 'signer.passphrase_file' && passphraseFile !== undefined) {
    return ['--evnode.signer.passphrase_file', execQuote(passphraseFile)]
  }
  const listens = flag.name === 'kv-endpoint' || flag.name.endsWith('listen_addr')
  if (listens && address !== undefined && flag.value.startsWith(`${address.source}:`)) {
    return [`--${flag.name}`, execQuote(`${address.own}${flag.value.slice(address.source.length)}`)]
  }
  return written
}

function stopSeconds(source: Unit): string {
  const written = unitValue(source, 'Service', 'TimeoutStopSec') ?? unitValue(source, 'Service', 'TimeoutSec')
  const seconds = written === undefined ? 0 : spanSeconds(written)
  return written !== undefined && seconds >= stopSecondsMin ? written : `${stopSecondsMin}s`
}

const spanUnits: Readonly<Record<string, number>> = {
  '': 1,
  ms: 0.001,
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  m: 60,
  min: 60,
  minute: 60,
  minutes: 60,
  h: 3600,
  hr: 3600,
  hour: 3600,
  hours: 3600,
}

/** Seconds of a time span as systemd writes it; 0 for what is not understood, Infinity for no limit. */
function spanSeconds(text: string): number {
  // Zero means no limit here.
  if (text === 'infinity' || text === '0') return Number.POSITIVE_INFINITY
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/g)]
  return (
    parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (spanUnits[unit] ?? Number.NaN), 0) ||
    0
  )
}
