import { configDocument, valueAt } from '../../evnode/config-text.ts'
import { configTemplate } from './config-template.ts'
import { NodeExit } from './exit-with.ts'

/** The command line as the node reads it. */
export interface CommandLine {
  readonly verb: string
  /** Values of `--evnode.*` by yaml key. */
  readonly values: Readonly<Record<string, string>>
  /** Flags of the application: home, chain_id, height, kv-endpoint. */
  readonly own: Readonly<Record<string, string>>
}

/** Flags that exist on the command line only. */
const onlyFlags = ['signer.passphrase_file', 'clear_cache']
const ownFlags = ['home', 'chain_id', 'height', 'kv-endpoint', 'output']
const switches = [
  'node.aggregator',
  'raft.enable',
  'node.lazy_mode',
  'node.promotable',
  'node.light',
  'node.based_sequencer',
  'clear_cache',
  'log.trace',
  'raft.bootstrap',
]

/** Reads `--x v`, `--x=v` and both prefixes; throws NodeExit with the node's words for a flag it does not have. */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const known = configDocument(configTemplate)
  const values: Record<string, string> = {}
  const own: Record<string, string> = {}
  let verb = ''
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (!word.startsWith('-')) {
      verb ||= word
      continue
    }
    const [flag = '', written] = split(word.replace(/^--?/, ''))
    const name = flag.replace(/^rollkit\./, 'evnode.')
    const key = name.startsWith('evnode.') ? name.slice('evnode.'.length) : undefined
    const exists =
      key === undefined
        ? ownFlags.includes(name)
        : onlyFlags.includes(key) || valueAt(known, key) !== undefined
    if (!exists) throw new NodeExit(`unknown flag: --${flag}`)
    const next = argv[at + 1]
    const isSwitch = key !== undefined && switches.includes(key)
    const value = written ?? (isSwitch ? 'true' : (next ?? ''))
    if (written === undefined && !isSwitch) at += 1
    if (key === undefined) own[name] = value
    else values[key] = value
  }
  return { verb, values, own }
}

function split(flag: string): [string, string | undefined] {
  const at = flag.indexOf('=')
  return at === -1 ? [flag, undefined] : [flag.slice(0, at), flag.slice(at + 1)]
}
