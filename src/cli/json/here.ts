import { z } from 'zod'
import { list, number, numbers, object, orNull, phase, printed, text, texts, truth } from './shape.ts'

export const lab = printed({
  runbook: text('a runbook for its hosts'),
  chain: text('chain id'),
  root: text('the directory that holds the host directories'),
  hosts: list(
    object({
      name: text('node'),
      dir: text('the directory that plays the root of the machine'),
      address: text('a loopback address of its own'),
      ssh: object({
        host: text('address'),
        port: number('port'),
        user: text('who logs in'),
        identityFile: text('the key file'),
        knownHostsFile: text('the known_hosts file'),
      }),
      rpc: text('host:port'),
      raftPort: number('Raft'),
      p2pPort: number('P2P'),
      execution: object({
        ethUrl: text('JSON-RPC'),
        engineUrl: text('Engine API'),
        jwtSecretFile: text('of that API, another secret on each host'),
        genesisFile: text('the same on all hosts'),
        dataDir: text('where the client keeps its chain'),
        unit: text('its unit'),
      })
        .optional()
        .describe("the host's execution client, in a lab of an EVM chain"),
    }),
  ),
  stateDir: text('the state directory'),
  fast: truth('a block every 100 ms: for tests, not for figures'),
  rttMs: number('round trip of every SSH connection, ms'),
  pid: number("the lab's own process"),
  da: object({ address: text('URL'), namespace: text('as the node is told it') }),
  evm: object({
    chainId: number("the clients' chain id"),
    genesisHash: text('hash of their block 0'),
    feeRecipient: text('address that all nodes name'),
  })
    .optional()
    .describe('what the nodes of an EVM chain are told of their clients'),
  standIn: truth('false when EVHA_NODE_BIN gave a real node'),
})

export const noLab = printed({ running: z.literal(false) })
export const labDown = printed({ down: z.literal(true) })
export const peerId = printed({ peerId: text('the libp2p peer id') })

export const timing = printed({
  heartbeatMs: number('Raft heartbeat timeout'),
  electionMs: number('Raft election timeout'),
  leaseMs: number('Raft leader lease timeout'),
  sendMs: number('Raft send timeout'),
  settings: z.record(z.string(), z.string()).describe('the same as keys and values of evnode.yaml'),
  because: text('why these, one sentence'),
})

const edge = object({
  from: text('state'),
  event: text('what takes it'),
  guard: orNull(z.string(), 'what must hold for it'),
  to: orNull(z.string(), 'state; null: it stays'),
  irreversible: orNull(z.string(), 'what can not be undone once it is taken'),
})

export const graph = printed({
  states: list(
    object({
      path: text('state'),
      phase,
      says: text('what it does, one sentence'),
      final: truth('a run ends here'),
      stopped: truth('no sequencer produces while the run is here'),
      standing: text('who produces, by name'),
      reversible: truth('everything up to here can be undone by an abort'),
    }),
  ),
  edges: list(edge),
})

export const proof = printed({
  machines: list(
    object({
      name: text('machine'),
      states: number('how many'),
      edges: number('how many'),
      irreversibleEdges: list(edge),
      ungated: list(
        object({
          from: edge.shape.from,
          event: edge.shape.event,
          to: edge.shape.to,
          says: text('what is wrong with it'),
        }),
      ),
      deadEnds: texts('states without a way on'),
      unreachable: texts('states and edges nothing leads to'),
      unhandled: texts('events a state does not answer'),
      withoutEffect: texts('steps the search knows no effect of'),
      searched: list(
        object({
          nodes: number('cluster size'),
          beside: text('what else was let happen'),
          moments: number('moments seen'),
          moves: number('moves made'),
          worlds: number('different worlds'),
        }),
      ),
      findings: list(
        object({
          law: text('the law that is broken'),
          says: text('how'),
          path: texts('the counter-example, one sentence after the other'),
        }),
      ),
      ok: truth('nothing was found'),
    }),
  ),
  ok: truth('nothing was found in any machine; else exit 3'),
})

const atMs = (meaning: string) => z.number().optional().describe(`epoch ms: ${meaning}; absent without dates`)

export const logStory = printed({
  lines: number('lines read'),
  foreign: number('lines that no format fits'),
  fromMs: atMs('the first line'),
  toMs: atMs('the last line'),
  starts: number('starts of the node'),
  produced: orNull(
    object({ from: number('height'), to: number('height'), count: number('blocks') }),
    'the blocks it produced',
  ),
  producedTwice: numbers('heights it produced a second time'),
  happenings: list(object({ atMs: atMs('of it'), says: text('one sentence') })),
  leftOut: number('happenings between the first and the last ones that are not told'),
  errors: list(
    object({
      cause: text('what it means'),
      cure: text('what to do'),
      prevented: truth('evha keeps a migration from running into it'),
      line: text('as it stood in the log, the last time'),
      count: number('how often'),
      firstAtMs: atMs('the first time'),
      lastAtMs: atMs('the last time'),
    }),
  ),
  unexplained: list(
    object({ line: text('an error line that nothing is known of'), count: number('how often') }),
  ),
  next: text('what to do first'),
})

export const completion = printed({
  shell: text('bash, zsh or fish'),
  script: text('the completion script'),
})
export const man = printed({ page: text('the man page, in roff') })
