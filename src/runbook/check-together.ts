import { hostPort, parseAddress } from './address.ts'
import { copiedClients } from './copied-clients.ts'
import { runbookLimits } from './defaults.ts'
import type { NodeSpec } from './load.ts'
import { nearestKey } from './nearest-key.ts'
import type { WrittenRunbook } from './schema.ts'
import type { Problem } from './source-text.ts'

/** What no key can be wrong in by itself: counts, names that must differ, places that must not be shared. */
export function checkTogether(written: WrittenRunbook, nodes: readonly NodeSpec[]): Problem[] {
  return [
    ...nodeCount(nodes.length),
    ...missing(nodes),
    ...shared(nodes),
    ...sourceNamed(written, nodes),
    ...raftDirectories(nodes),
    ...timingOrder(written),
    ...copiedClients(written, nodes),
  ]
}

function nodeCount(count: number): Problem[] {
  const counts: readonly number[] = runbookLimits.nodeCounts
  if (counts.includes(count)) return []
  const path = ['nodes']
  if (count % 2 === 0 && count >= 2 && count <= 8) {
    const hint = count === 2 ? 'add a node' : count === 8 ? 'take a node out' : 'add a node or take one out'
    return [
      {
        path,
        atKey: true,
        message: `an even number of nodes (${count}) survives no more failures than ${count - 1} would and can split in halves, neither of which may produce: a cluster has 3, 5 or 7`,
        hint,
      },
    ]
  }
  const are = count === 1 ? 'is 1 node' : `are ${count} nodes`
  return [
    { path, atKey: true, message: `there ${are}: a cluster has 3, 5 or 7`, hint: 'list 3, 5 or 7 nodes' },
  ]
}

function missing(nodes: readonly NodeSpec[]): Problem[] {
  const wanted = {
    binary: "the absolute path of the node's binary",
    db: "the name of the database directory below the node's data directory, such as testapp",
  } as const
  return (['binary', 'db'] as const).flatMap((key) => {
    const without = nodes.filter((node) => node[key] === '')
    if (without.length === 0) return []
    const whom = without.length === nodes.length ? '' : ` of ${without.map((node) => node.name).join(', ')}`
    return [
      {
        path: ['node'],
        atKey: true,
        message: `${key}${whom} is missing`,
        hint: `write ${key} under \`node\`: ${wanted[key]}`,
      },
    ]
  })
}

interface Claim {
  /** What two nodes must not share, in words. */
  readonly what: string
  readonly key: string
  readonly of: (node: NodeSpec) => string
  readonly cure: string
}

const machine = (node: NodeSpec): string => `${hostPort(canonical(node.ssh.host), node.ssh.port ?? 22)}`

const claims: readonly Claim[] = [
  { what: 'name', key: 'name', of: (node) => node.name.toLowerCase(), cure: 'give each node its own name' },
  {
    what: 'Raft address',
    key: 'address',
    of: (node) => hostPort(canonical(node.address), node.raftPort),
    cure: 'give each node its own address, or nodes that share an address their own raftPort',
  },
  {
    what: 'P2P address',
    key: 'address',
    of: (node) =>
      node.p2pPort === undefined
        ? `${canonical(node.address)} with the port of the source's configuration`
        : hostPort(canonical(node.address), node.p2pPort),
    cure: 'give each node its own address, or nodes that share an address their own p2pPort',
  },
  ...(
    [
      ['home', 'home on one host', (node: NodeSpec) => node.home],
      ['unit', 'unit on one host', (node: NodeSpec) => node.unit],
      [
        'rpc',
        'RPC address on one host',
        (node: NodeSpec) => hostPort(canonical(node.rpc.host), node.rpc.port),
      ],
      ['home', 'Raft directory on one host', (node: NodeSpec) => node.raftDir],
    ] as const
  ).map(([key, what, of]) => ({
    what,
    key,
    of: (node: NodeSpec) => `${machine(node)} ${of(node)}`,
    cure: 'nodes on one host need a home, unit, rpc and address or ports of their own; otherwise mend ssh',
  })),
]

function shared(nodes: readonly NodeSpec[]): Problem[] {
  return claims.flatMap((claim) => {
    const owners = new Map<string, NodeSpec>()
    return nodes.flatMap((node, index): Problem[] => {
      const value = claim.of(node)
      const owner = owners.get(value)
      if (owner === undefined) {
        owners.set(value, node)
        return []
      }
      const both = owner.name === node.name ? 'two nodes' : `${owner.name} and ${node.name}`
      return [
        {
          path: ['nodes', index, claim.key],
          message: `${both} have one ${claim.what}, ${value}`,
          hint: claim.cure,
        },
      ]
    })
  })
}

function sourceNamed(written: WrittenRunbook, nodes: readonly NodeSpec[]): Problem[] {
  const names = nodes.map((node) => node.name)
  if (names.includes(written.source)) return []
  const near = nearestKey(written.source, names)
  return [
    {
      path: ['source'],
      message: `source is \`${written.source}\`, which is not the name of a node (${names.join(', ')})`,
      hint:
        near === undefined
          ? 'write the name of the live single sequencer'
          : `write \`${near}\`, if that is the live one`,
    },
  ]
}

/** Inside `data` the Raft directory would be copied to the peers with the store, inside `config` with the configuration. */
function raftDirectories(nodes: readonly NodeSpec[]): Problem[] {
  const bad = nodes.find((node) =>
    ['', '/data', '/config'].some((part) => {
      const taken = `${node.home}${part}`
      return node.raftDir === taken || (part !== '' && node.raftDir.startsWith(`${taken}/`))
    }),
  )
  if (bad === undefined) return []
  return [
    {
      path: ['raft', 'dir'],
      message: `the Raft directory of ${bad.name}, ${bad.raftDir}, lies where its store or its configuration lies`,
      hint: 'write a directory of its own, such as raft',
    },
  ]
}

/** The node refuses such timings, or its leaders lose their lease at once (evnode.md A4b). */
function timingOrder(written: WrittenRunbook): Problem[] {
  const timing = written.raft?.timing
  if (timing === undefined || timing === 'auto') return []
  const problems: Problem[] = []
  if (timing.electionMs < timing.heartbeatMs) {
    problems.push({
      path: ['raft', 'timing', 'electionMs'],
      message: `raft.timing.electionMs (${timing.electionMs}) is shorter than heartbeatMs (${timing.heartbeatMs})`,
      hint: 'write four times heartbeatMs, or timing: auto',
    })
  }
  if (timing.leaseMs > timing.heartbeatMs) {
    problems.push({
      path: ['raft', 'timing', 'leaseMs'],
      message: `raft.timing.leaseMs (${timing.leaseMs}) is longer than heartbeatMs (${timing.heartbeatMs})`,
      hint: 'write half of heartbeatMs, or timing: auto',
    })
  }
  return problems
}

function canonical(host: string): string {
  const address = parseAddress(host)
  return typeof address === 'object' ? address.canonical : host
}
