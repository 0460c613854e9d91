import { expect, test } from 'vitest'
import { runbookFromText } from '../../src/runbook/load.ts'
import { refusalOf, runbookText } from './refused.ts'

test.each([3, 5, 7])('%i nodes are taken', (nodes) => {
  const loaded = runbookFromText(runbookText({ nodes }), 'chain.yaml')
  expect(loaded.quorum).toBe((nodes + 1) / 2)
  expect(loaded.peers).toHaveLength(nodes - 1)
})

test.each([
  [2, 1, 'add a node'],
  [4, 3, 'add a node or take one out'],
  [6, 5, 'add a node or take one out'],
  [8, 7, 'take a node out'],
])('%i nodes are refused, with the reason', (nodes, fewer, hint) => {
  const refusal = refusalOf(runbookText({ nodes }))
  expect(refusal.message).toBe(
    `chain.yaml:6: an even number of nodes (${nodes}) survives no more failures than ${fewer} would and can split in halves, neither of which may produce: a cluster has 3, 5 or 7`,
  )
  expect(refusal.hint).toMatch(new RegExp(`^${hint}`))
})

test.each([
  [1, 'there is 1 node'],
  [9, 'there are 9 nodes'],
])('%i nodes are refused', (nodes, sentence) => {
  expect(refusalOf(runbookText({ nodes })).message).toBe(`chain.yaml:6: ${sentence}: a cluster has 3, 5 or 7`)
})

test.each([
  [
    'one name',
    ['name: node-2', 'name: Node-1'],
    'chain.yaml:10: node-1 and Node-1 have one name, node-1',
    'give each node its own name',
  ],
  [
    'one Raft address',
    ['address: 192.0.2.2', 'address: 192.0.2.1\n    p2pPort: 7677'],
    'chain.yaml:12: node-1 and node-2 have one Raft address, 192.0.2.1:5001',
    'give each node its own address, or nodes that share an address their own raftPort',
  ],
  [
    'one P2P address',
    ['address: 192.0.2.2', 'address: 192.0.2.1\n    raftPort: 5002'],
    "chain.yaml:12: node-1 and node-2 have one P2P address, 192.0.2.1 with the port of the source's configuration",
    'give each node its own address, or nodes that share an address their own p2pPort',
  ],
  [
    'one home on one host',
    ['root@192.0.2.2', 'ops@192.0.2.1\n    unit: two\n    rpc: 127.0.0.1:7332'],
    'chain.yaml:10: node-1 and node-2 have one home on one host, 192.0.2.1:22 /var/lib/ev-node',
    'nodes on one host need a home, unit, rpc and address or ports of their own; otherwise mend ssh',
  ],
  [
    'one unit on one host',
    ['root@192.0.2.2', 'root@192.0.2.1\n    home: /srv/two\n    rpc: 127.0.0.1:7332'],
    'chain.yaml:10: node-1 and node-2 have one unit on one host, 192.0.2.1:22 ev-node.service',
    'nodes on one host need a home, unit, rpc and address or ports of their own; otherwise mend ssh',
  ],
  [
    'one RPC address on one host',
    ['root@192.0.2.2', 'root@192.0.2.1\n    home: /srv/two\n    unit: two'],
    'chain.yaml:10: node-1 and node-2 have one RPC address on one host, 192.0.2.1:22 127.0.0.1:7331',
    'nodes on one host need a home, unit, rpc and address or ports of their own; otherwise mend ssh',
  ],
] as const)('two nodes with %s are refused', (_, [from, to], message, hint) => {
  expect(refusalOf(runbookText().replace(from, to))).toEqual({ message, hint })
})

test('one IPv6 address written in two ways is one address', () => {
  const text = runbookText()
    .replace('address: 192.0.2.1', 'address: "2001:db8::1"')
    .replace('address: 192.0.2.2', 'address: "2001:0DB8:0:0:0:0:0:1"')
  expect(refusalOf(text).message).toBe(
    'chain.yaml:12: node-1 and node-2 have one Raft address, [2001:db8::1]:5001',
  )
})

test('two nodes with one absolute Raft directory on one host are refused', () => {
  const text = runbookText({ more: 'raft: { dir: /srv/raft }' }).replace(
    'root@192.0.2.2',
    'root@192.0.2.1\n    home: /srv/two\n    unit: two\n    rpc: 127.0.0.1:7332',
  )
  expect(refusalOf(text).message).toBe(
    'chain.yaml:12: node-1 and node-2 have one Raft directory on one host, 192.0.2.1:22 /srv/raft',
  )
})

test('nodes that share a host are taken when everything of theirs differs', () => {
  const own = (number: number) =>
    `root@192.0.2.1\n    home: /srv/${number}\n    unit: n${number}\n    rpc: 127.0.0.1:733${number}`
  const text = runbookText().replace('root@192.0.2.2', own(2)).replace('root@192.0.2.3', own(3))
  expect(runbookFromText(text, 'chain.yaml').nodes.map((node) => node.unit)).toEqual([
    'ev-node.service',
    'n2.service',
    'n3.service',
  ])
})

test.each([
  ['nod-1', 'write `node-1`, if that is the live one'],
  ['sequencer', 'write the name of the live single sequencer'],
])('a source that is no node (%s) is refused', (source, hint) => {
  expect(refusalOf(runbookText().replace('source: node-1', `source: ${source}`))).toEqual({
    message: `chain.yaml:16: source is \`${source}\`, which is not the name of a node (node-1, node-2, node-3)`,
    hint,
  })
})

test.each([
  ['  binary: /usr/local/bin/testapp\n', 'binary', "the absolute path of the node's binary"],
  [
    '  db: testapp\n',
    'db',
    "the name of the database directory below the node's data directory, such as testapp",
  ],
])('without `%s` it is not guessed', (line, key, what) => {
  expect(refusalOf(runbookText().replace(line, ''))).toEqual({
    message: `chain.yaml:3: ${key} is missing`,
    hint: `write ${key} under \`node\`: ${what}`,
  })
})

test.each(['data', 'data/raft', 'config', '/var/lib/ev-node'])(
  'the Raft directory may not be %s',
  (directory) => {
    expect(refusalOf(runbookText({ more: `raft:\n  dir: ${directory}` })).message).toMatch(
      /^chain\.yaml:18: the Raft directory of node-1, \/var\/lib\/ev-node.*, lies where its store or its configuration lies$/,
    )
  },
)

test.each([
  [
    '{ heartbeatMs: 350, electionMs: 300, leaseMs: 175, sendMs: 200 }',
    'electionMs (300) is shorter than heartbeatMs (350)',
  ],
  [
    '{ heartbeatMs: 350, electionMs: 1000, leaseMs: 400, sendMs: 200 }',
    'leaseMs (400) is longer than heartbeatMs (350)',
  ],
])('the timing %s is refused', (timing, sentence) => {
  expect(refusalOf(runbookText({ more: `raft:\n  timing: ${timing}` })).message).toBe(
    `chain.yaml:18: raft.timing.${sentence}`,
  )
})
