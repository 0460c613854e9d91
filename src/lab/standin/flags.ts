import type { App } from './app.ts'
import { NodeFailure } from './failure.ts'
import { type FlagSpec, flagSpecs } from './flag-specs.ts'

/** A command line, understood. */
export interface Flags {
  /** Values by name without dashes, `rollkit.` read as `evnode.`; only those that were given. */
  readonly given: ReadonlyMap<string, string>
  /** The same by their keys in evnode.yaml: these stand before the file (evnode.md B 1.1 f). */
  readonly config: Readonly<Record<string, string>>
  readonly help: boolean
}

/** Flags that may not stand beside each other, even switched off (evnode.md B 1.1 g). */
const exclusive = ['evnode.node.catchup_timeout', 'evnode.raft.enable'] as const

/** Reads the words after the command as pflag does: `--x v`, `--x=v`, switches alone. Throws NodeFailure. */
export function parseFlags(words: readonly string[], command: string, app: App): Flags {
  const specs = new Map(flagSpecs(command, app).map((spec) => [spec.name, spec]))
  const given = new Map<string, string>()
  let help = false
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') break
    if (word === '-h' || word === '--help') {
      help = true
      continue
    }
    if (!word.startsWith('-')) continue
    if (word === '-o' && specs.has('output')) {
      at += 1
      given.set('output', words[at] ?? '')
      continue
    }
    if (!word.startsWith('--')) throw new NodeFailure(`unknown shorthand flag: '${word[1] ?? ''}' in ${word}`)
    const [, written = '', inline] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? []
    const name = written.replace(/^rollkit\./, 'evnode.')
    const spec = specs.get(name)
    if (spec === undefined) throw new NodeFailure(`unknown flag: --${written}`)
    const value = inline ?? (spec.type === 'bool' ? 'true' : words[++at])
    if (value === undefined) throw new NodeFailure(`flag needs an argument: --${written}`)
    given.set(name, checked(spec, value))
  }
  if (command === 'start' && exclusive.every((name) => given.has(name))) {
    const group = exclusive.join(' ')
    throw new NodeFailure(
      `if any flags in the group [${group}] are set none of the others can be; [${group}] were all set`,
    )
  }
  const config = [...given].filter(([name]) => name.startsWith('evnode.'))
  return { given, config: Object.fromEntries(config.map(([name, value]) => [name.slice(7), value])), help }
}

function checked({ name, type }: FlagSpec, value: string): string {
  const fits = {
    bool: /^(true|false|1|0|t|f|T|F|TRUE|FALSE|True|False)$/,
    uint: /^\d+$/,
    int: /^-?\d+$/,
    float: /^-?\d+(\.\d+)?$/,
    duration: /^(0|[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+)$/,
    string: /^/,
    strings: /^/,
  }[type]
  if (!fits.test(value))
    throw new NodeFailure(`invalid argument "${value}" for "--${name}" flag: invalid syntax`)
  return value
}
