import { setMaxListeners } from 'node:events'
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'
import { noFeeRecipient } from '../../src/evnode/execution.ts'
import { recording } from '../../src/remote/recording.ts'
import type { Facts } from '../../src/steps/facts.ts'
import type { Host, StepContext } from '../../src/steps/step.ts'
import { type ExecutionClientOptions, startExecutionClient } from '../execution-client.ts'
import { nodeIn } from './host/locally.ts'

/** A client of a test, one that nobody started, or none that would take part in an EVM chain. */
export type TestClient = Partial<ExecutionClientOptions> | 'down'

export interface ExecutionHosts {
  readonly context: StepContext
  /** Streams that were opened to clients, by node name, in order. */
  readonly opened: readonly string[]
}

/**
 * Hosts named node-1 and so on, the first one the source, each with a real client of its own that stands at block 105; the
 * tunnels are real sockets. `facts` go beside the one that says that the chain has clients.
 */
export async function executionHosts(
  clients: readonly TestClient[],
  facts: Partial<Facts> = {},
): Promise<ExecutionHosts> {
  const opened: string[] = []
  const nodes = await Promise.all(clients.map((client, k) => hostWith(`node-${k + 1}`, client, opened)))
  const [source] = nodes
  if (source === undefined) throw new Error('no host')
  const execution = {
    ethUrl: '',
    engineUrl: '',
    jwtSecretFile: '/jwt',
    genesisHash: '',
    feeRecipient: noFeeRecipient,
  }
  const { signal } = new AbortController()
  setMaxListeners(0, signal)
  const context: Partial<StepContext> = {
    nodes,
    source,
    peers: nodes.slice(1),
    quorum: Math.floor(nodes.length / 2) + 1,
    facts: { check: { execution } as Facts['check'], ...facts },
    onPaper: false,
    seen: [],
    signal,
    now: Date.now,
  }
  return { context: context as StepContext, opened }
}

async function hostWith(name: string, client: TestClient, opened: string[]): Promise<Host> {
  const stateRoot = (number: number) => `0x${number.toString(16).padStart(64, '0')}`
  const running =
    client === 'down'
      ? undefined
      : await startExecutionClient({ secret: 'ab'.repeat(32), head: () => 105, stateRoot, ...client })
  if (running !== undefined) onTestFinished(() => running.close())
  const [ethUrl, engineUrl] = [
    running?.ethUrl ?? 'http://127.0.0.1:1',
    running?.engineUrl ?? 'http://127.0.0.1:1',
  ]
  return {
    spec: { ...nodeIn('/d'), name, execution: { ethUrl, engineUrl } },
    remote: {
      ...recording(name),
      tunnel: async ({ host, port }) => {
        opened.push(name)
        return connect(port, host)
      },
    },
  }
}
