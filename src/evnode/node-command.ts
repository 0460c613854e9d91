import { resolve } from 'node:path'
import { EvhaError } from '../base/errors.ts'
import type { FlagValues } from './config.ts'
import { type ExecStart, type ExecWord, hasUnknown, parseExecLine, plainValue } from './exec-start.ts'
import { type Unit, unitList } from './unit-file.ts'

/** A flag of the node's command line. */
export interface NodeFlag {
  /** Without dashes; `rollkit.` reads as `evnode.` (evnode.md B 1.3). */
  readonly name: string
  /** The key in evnode.yaml it stands before; undefined for flags of the application. */
  readonly key: string | undefined
  /** `true` for a switch without a value. */
  readonly value: string
  /** As written. */
  readonly words: readonly ExecWord[]
}

/** The node's start, taken from ExecStart. */
export interface NodeCommand {
  readonly exec: ExecStart
  readonly binary: string
  /** What the process gets: the binary and every argument. */
  readonly argv: readonly [string, ...string[]]
  /** `start`, or one of its aliases. */
  readonly verb: string
  readonly flags: readonly NodeFlag[]
  /** Absolute, or as written; undefined when the flag is absent. */
  readonly home: string | undefined
}

const startVerbs = ['start', 'run', 'node']
/** Flags that never take the next word for their value (the node's own help, recorded). */
const switches = new Set([
  'evnode.clear_cache',
  'evnode.instrumentation.pprof',
  'evnode.instrumentation.prometheus',
  'evnode.instrumentation.tracing',
  'evnode.log.trace',
  'evnode.node.aggregator',
  'evnode.node.based_sequencer',
  'evnode.node.lazy_mode',
  'evnode.node.light',
  'evnode.node.promotable',
  'evnode.p2p.disable_connection_gater',
  'evnode.raft.bootstrap',
  'evnode.raft.enable',
  'evnode.rpc.enable_da_visualization',
  'solo-sequencer',
  'help',
])
const shells = [
  'sh',
  'bash',
  'dash',
  'zsh',
  'ksh',
  'busybox',
  'env',
  'sudo',
  'su',
  'runuser',
  'setpriv',
  'nohup',
  'setsid',
  'nice',
  'taskset',
  'numactl',
  'python3',
  'perl',
]
const containers = [
  'docker',
  'podman',
  'nerdctl',
  'ctr',
  'runc',
  'crun',
  'systemd-nspawn',
  'machinectl',
  'kubectl',
  'snap',
  'flatpak',
]

/** The node's start in a unit. Throws EvhaError (blocked) where ExecStart is not the node itself in one command. */
export function nodeCommand(unit: Unit): NodeCommand {
  const lines = unitList(unit, 'Service', 'ExecStart')
  const [line] = lines
  if (line === undefined) throw blocked('the unit has no ExecStart=')
  if (lines.length > 1) throw blocked(`the unit has ${lines.length} ExecStart= lines`)
  return commandOf(parseExecLine(line))
}

function commandOf(exec: ExecStart): NodeCommand {
  const [program, ...args] = exec.words
  const binary = plainValue(program)
  const base = binary.split('/').at(-1) ?? ''
  if (containers.includes(base)) throw blocked(`ExecStart= runs a container (${base})`)
  if (shells.includes(base) || /\.(sh|bash|py|pl)$/.test(base)) {
    throw blocked(`ExecStart= runs a wrapper (${base}), not the node`)
  }
  const unknown = exec.words.find(hasUnknown)
  if (unknown !== undefined) {
    throw blocked(`ExecStart= has ${unknown.raw}, which systemd replaces by something else`)
  }
  const { flags, verbs } = flagsOf(args)
  const [verb] = verbs
  if (verb === undefined || verbs.length > 1 || !startVerbs.includes(verb)) {
    throw blocked(
      `ExecStart= does not start a node: expected one of ${startVerbs.join(', ')}, found ${verbs.join(' ') || 'nothing'}`,
    )
  }
  const home = flags.findLast((flag) => flag.name === 'home')?.value
  return { exec, binary, argv: [binary, ...args.map(plainValue)], verb, flags, home }
}

function flagsOf(words: readonly ExecWord[]): { flags: readonly NodeFlag[]; verbs: readonly string[] } {
  const flags: NodeFlag[] = []
  const verbs: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (word === undefined) break
    const text = plainValue(word)
    if (!text.startsWith('-')) {
      verbs.push(text)
      continue
    }
    const [, written = '', value] = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(text) ?? []
    const name = written.replace(/^rollkit\./, 'evnode.')
    const next = words[at + 1]
    const takesNext =
      value === undefined && !switches.has(name) && next !== undefined && !plainValue(next).startsWith('-')
    if (takesNext) at += 1
    flags.push({
      name,
      key: name.startsWith('evnode.') ? name.slice('evnode.'.length) : undefined,
      value: value ?? (takesNext ? plainValue(next) : 'true'),
      words: takesNext ? [word, next] : [word],
    })
  }
  return { flags, verbs }
}

/**
 * The home a process of this argv runs a node on: absolute, '' where no flag names one, null when it starts no node.
 * `workingDirectory` is what a relative home is relative to.
 */
export function homeOfStart(argv: readonly string[], workingDirectory: string): string | null {
  const words = argv.slice(1)
  if (!words.some((word) => startVerbs.includes(word))) return null
  const at = words.findLastIndex((word) => /^--?home(=|$)/.test(word))
  const written = words[at]
  if (written === undefined) return ''
  const home = written.includes('=') ? written.slice(written.indexOf('=') + 1) : (words[at + 1] ?? '')
  return resolve(workingDirectory, home)
}

/** True for words that start a node: a verb of it, and a flag that only a node has or the home it runs on. */
export function isNodeStart(argv: readonly string[]): boolean {
  const words = argv.slice(1)
  const hasVerb = words.some((word) => startVerbs.includes(word))
  return hasVerb && words.some((word) => /^--?(evnode\.|rollkit\.|home(=|$))/.test(word))
}

/** Where the command line says the passphrase lies; '' where it says nothing. There is no other place (evnode.md B 1.1 e). */
export function passphraseFileIn(command: NodeCommand): string {
  return command.flags.find(({ key }) => key === 'signer.passphrase_file')?.value ?? ''
}

/** Values of the command line by yaml key: they stand before those of evnode.yaml (evnode.md B 1.1 f). */
export function flagOverrides(command: NodeCommand): FlagValues {
  return Object.fromEntries(
    command.flags.flatMap(({ key, value }) => (key === undefined ? [] : [[key, value]])),
  )
}

function blocked(problem: string): EvhaError {
  return new EvhaError({
    kind: 'blocked',
    message: problem,
    changedAnything: 'no',
    retryable: false,
    hint: 'let ExecStart= run the node itself, in one line: BINARY start --home DIR …; settings a wrapper made become flags or keys of evnode.yaml',
  })
}
