// Whoever operates a migration is killed by details of the node: they stand in src/evnode, each with its source, and
// nowhere else. Sentences for the operator may name the node's files; code may not know them.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/evnode/config.ts'
import { defaults } from '../../src/runbook/defaults.ts'

const src = join(import.meta.dirname, '..', '..', 'src')

/** Rooms that act on a node through src/evnode. src/lab is left out: its stand-in is a node. */
const rooms = ['base', 'machine', 'runbook', 'steps', 'run', 'remote', 'journal', 'cli', 'ui']

const facts: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a flag of the node', /--(evnode|rollkit|evm)\./],
  ['a flag of init or rollback', /--(chain_id|height)\b/],
  [
    'a key of evnode.yaml',
    /\b(raft_addr|raft_dir|node_id|snap_count|listen_address|signer_path|passphrase_file)\b/,
  ],
  ['a dotted key of evnode.yaml', /'(raft|p2p|da|rpc|signer|node)\.[a-z_]+'/],
  ['a field of a key file', /pub_key|priv_key/],
  ['an RPC path', /evnode\.v1|\/raft\/node|\/health\//],
  [
    'a phrase of its log',
    /produced block|halted successfully|bootstrapped raft|election won|leader lock lost/,
  ],
  ['its database', /[Bb]adger|\bMANIFEST\b|\.vlog|\.sst\b/],
  ['a database of an application', /\b(evm-single|testapp|executor)\b/],
  ['a flag of an application', /kv-endpoint|solo-sequencer|force-inclusion/],
  ['a file of Raft', /raft-(log|stable)\b/],
  ["the rollback trick's height", /18446744073709551615/],
  ['a path below its home', /\}\/(config|data)\b|\$\d\/(config|data)\b/],
  ['a default port', /\b(7676|7331|7980)\b/],
]

const files = rooms.flatMap((room) =>
  readdirSync(join(src, room), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(src, room, name)),
)

/** Sentences that show the operator an example, keys of the runbook that have the names of the node's, and its default port. */
const told: readonly string[] = [
  'a flag of the node: runbook/write.ts',
  'a key of evnode.yaml: runbook/write.ts',
  'a dotted key of evnode.yaml: runbook/schema.ts',
  'a database of an application: runbook/check-together.ts',
  'a database of an application: runbook/words.ts',
  'a default port: runbook/defaults.ts',
  'a default port: runbook/words.ts',
]

/** Code without its comments: those may explain with the node's own words. */
const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')

test('there is something to look at, and the patterns find what they are for', () => {
  expect(files.length).toBeGreaterThan(100)
  const evnode = readdirSync(join(src, 'evnode'))
    .map((name) => readFileSync(join(src, 'evnode', name), 'utf8'))
    .join('\n')
  const inEvnode = facts.filter(([, pattern]) => pattern.test(evnode)).map(([what]) => what)
  expect(inEvnode.length).toBeGreaterThanOrEqual(facts.length - 2)
})

test.each(facts)('%s stands nowhere but in src/evnode', (what, pattern) => {
  const elsewhere = files
    .filter((file) => pattern.test(code(readFileSync(file, 'utf8'))))
    .map((file) => relative(src, file))
    .filter((file) => !told.includes(`${what}: ${file}`))
  expect(elsewhere).toEqual([])
})

test("where a runbook says nothing, RPC is asked for where the node's own default is", () => {
  expect(readConfig('').rpc).toEqual(defaults.rpc)
})
