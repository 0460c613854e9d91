import type { RunContext } from '../machine/context.ts'
import type { LoadedRunbook } from '../runbook/load.ts'
import type { Facts } from '../steps/facts.ts'
import type { SeenWindows } from '../steps/gates/prediction.ts'
import type { Fresh, Host, StepContext, Watched } from '../steps/step.ts'
import { realHands } from './hands.ts'
import { watched as heard } from './heights.ts'
import { realWorld, type World } from './world.ts'

/** One question to a node's RPC, tunnel included. */
const rpcTimeoutMs = 3_000

interface Parts {
  readonly run: string
  readonly runbook: LoadedRunbook
  readonly hosts: readonly Host[]
  readonly world?: World
  readonly machine: Pick<RunContext, 'attempt' | 'facts'>
  /** Read only when a step asks for it: other runs' journals are behind it. */
  readonly seen?: () => readonly SeenWindows[]
  readonly windowDeadlineMs: number | null
  /** Of the lease that this process holds. */
  readonly epoch: number
  /** Returns when a majority of the hosts has all of the journal. */
  readonly journalKept: () => Promise<void>
  readonly watched: () => Promise<Watched>
  readonly fresh?: Fresh
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
  readonly passing: (text: string) => void
  /** Hears of each height that a step reads. */
  readonly sawHeight: (node: string, height: number) => void
}

/** Where nothing is driven there is no lease, no journal and no watch. */
export const ofNoRun = {
  epoch: 1,
  journalKept: () => Promise.resolve(),
  watched: () => Promise.resolve({ daRead: false }),
} as const

/** What a step gets to see and use, for one call. */
export function stepContext({
  run,
  runbook,
  hosts,
  world = realWorld,
  machine,
  seen = () => [],
  windowDeadlineMs,
  epoch,
  journalKept,
  watched,
  fresh = {},
  signal,
  tell,
  passing,
  sawHeight,
}: Parts): StepContext {
  const source = hosts.find((host) => host.spec.name === runbook.source.name)
  if (source === undefined) throw new Error('the source is not among the hosts')
  return {
    run,
    attempt: machine.attempt,
    runbook,
    nodes: hosts,
    source,
    peers: hosts.filter((host) => host !== source),
    quorum: runbook.quorum,
    // The journal keeps outputs as JSON; each was written by the step of that name.
    facts: machine.facts as Partial<Facts>,
    get seen() {
      return seen()
    },
    windowDeadlineMs,
    epoch,
    journalKept,
    watched,
    fresh,
    onPaper: false,
    signal,
    hands: realHands(signal),
    rpc: (host) =>
      heard(world.rpc(host, { timeoutMs: rpcTimeoutMs, signal }), (height) =>
        sawHeight(host.spec.name, height),
      ),
    da: (host, options) => world.da(host, options),
    tell,
    passing,
    now: world.clock.now,
    sleep: (ms) => world.clock.sleep(ms, signal),
  }
}
