import { z } from 'zod'
import { type JsonName, jsonForms, jsonSchemas } from '../src/cli/json/schema.ts'
import { failure, jsonVersion } from '../src/cli/json/shape.ts'

/** A JSON Schema as zod writes it, as far as this page reads one. */
interface Node {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly const?: unknown
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Node[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly items?: Node | false
  readonly prefixItems?: readonly Node[]
  readonly additionalProperties?: Node | false
}

const schemaOf = (schema: z.ZodType): Node => z.toJSONSchema(schema) as Node
const propertiesOf = (node: Node) => JSON.stringify(node.properties)
const failureFields = propertiesOf(schemaOf(failure))
const isFailure = (node: Node) => propertiesOf(node) === failureFields

/** What a field holds, in the words of JSON. */
function kindOf(node: Node): string {
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(kindOf))].join(' or ')
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``
  if (node.enum !== undefined) return node.enum.map((one) => `\`${one}\``).join(', ')
  if (node.prefixItems !== undefined)
    return `list of ${node.prefixItems.length}, ${kindOf(node.prefixItems[0] ?? {})} each`
  if (node.items) return `list of ${kindOf(node.items)}`
  if (isFailure(node)) return '[failure](#every-command-instead-of-its-object)'
  if (node.additionalProperties) return `object: name to ${kindOf(node.additionalProperties)}`
  return typeof node.type === 'object' ? node.type.join(' or ') : (node.type ?? 'anything')
}

/** The fields of what a field holds, each under its whole name; an element of a list stands as `[]`. */
function rowsOf(name: string, node: Node, needed: boolean): string[] {
  const row = `| \`${name}\`${needed ? '' : ' (may be absent)'} | ${kindOf(node)} | ${node.description ?? ''} |`
  return [row, ...inner(name, node)]
}

function inner(name: string, node: Node): string[] {
  if (node.anyOf !== undefined) return node.anyOf.flatMap((one) => inner(name, one))
  if (node.items) return inner(`${name}[]`, node.items)
  if (isFailure(node)) return []
  return fieldsOf(node, `${name}.`)
}

const fieldsOf = (node: Node, prefix = ''): string[] =>
  Object.entries(node.properties ?? {}).flatMap(([name, field]) =>
    rowsOf(`${prefix}${name}`, field, node.required?.includes(name) ?? false),
  )

const table = (rows: readonly string[]) =>
  ['| field | holds | meaning |', '|---|---|---|', ...rows].join('\n')

function section(name: JsonName): string {
  const typed = jsonForms
    .filter(({ prints }) => prints.includes(name))
    .map((form) => `\`evha ${form.typed}\``)
  const rows = fieldsOf(schemaOf(jsonSchemas[name])).filter((row) => !row.startsWith('| `version` |'))
  return `## ${typed.join(', ')}${name === 'noLab' ? ', when none is up' : ''}\n\n${table(rows)}`
}

const names = (Object.keys(jsonSchemas) as JsonName[]).filter((name) => name !== 'error')

/** The text of docs/json.md. */
export const jsonPage = `# What does --json print?

Made from the schemas in \`src/cli/json\`; the tests hold every object that evha prints to them.

With \`--json\` a command prints one object on stdout, asks nothing, and keeps its talk on stderr. The exit code is the
same as without it ([exit-codes.md](exit-codes.md)). \`evha status --watch\` prints an object a line, one for each change.

Every object begins with \`version\`, now ${jsonVersion}. It rises when a field goes away, is renamed or means something else.
A new field does not raise it: read what you know, pass over the rest.

Names that end in \`Ms\` are milliseconds, in \`Bytes\` or \`bytes…\` bytes, in \`Seconds\` seconds; those that end in \`At\` are
ISO 8601 in UTC. Heights are numbers.

## Every command, instead of its object

When a command could not do what was asked:

${table([
  '| `error` | object | why there is no other answer |',
  ...fieldsOf(schemaOf(failure), 'error.'),
  '| `run` (may be absent) | string | id of the run it happened in, when there was one |',
])}

A migration that failed prints its report all the same: look at \`outcome\` and \`failure\`.

${names.map(section).join('\n\n')}
`
