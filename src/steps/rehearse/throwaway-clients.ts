import { EvhaError } from '../../base/errors.ts'
import { type ExecutionClient, noFeeRecipient } from '../../evnode/execution.ts'
import { withoutLogin } from '../../evnode/json-rpc.ts'
import { onEach } from '../ask.ts'
import { silence } from '../chain/client-stand.ts'
import { clientOn, executionOn } from '../chain/execution.ts'
import type { Host, StepContext } from '../step.ts'

/** For one question to a client on its own host. */
const timeoutMs = 3_000

/** Where the node looks for its client when no flag says so. */
const usualClient: ExecutionClient = {
  ethUrl: 'http://localhost:8545',
  engineUrl: 'http://localhost:8551',
  jwtSecretFile: '',
  genesisHash: '',
  feeRecipient: noFeeRecipient,
}

/**
 * The client that a throwaway sequencer of an EVM chain drives; `production` is that of the chain that counts, null where
 * nobody knows it. Every client of the stage must stand at block 0: evha lays none and takes none over, so that the client
 * of another chain, production's above all, is never driven. Throws EvhaError 'usage' or 'blocked'.
 */
export async function throwawayClient(
  context: StepContext,
  production: ExecutionClient | null,
): Promise<ExecutionClient> {
  const feeRecipient = production?.feeRecipient ?? noFeeRecipient
  const clients = await onEach(context.nodes, (host) => untouchedOn(context, host))
  const own = clients[context.source.spec.name]
  if (own === undefined) throw new Error('the source is one of the nodes')
  return { ...own, feeRecipient }
}

async function untouchedOn(context: StepContext, host: Host): Promise<ExecutionClient> {
  const { name } = host.spec
  const client = clientOn(host, usualClient)
  const url = withoutLogin(client.ethUrl)
  if (client.jwtSecretFile === '')
    throw refusal(
      'usage',
      `${name}: the chain drives execution clients, and the staging runbook names no JWT file of the one there`,
      'write execution.jwtSecretFile, ethUrl and engineUrl, for all nodes or for each',
    )
  const rpc = executionOn(context, host, client, timeoutMs)
  const [head, genesis] = await Promise.all([rpc?.head(), rpc?.block(0)])
  if (head?.kind !== 'ok' || genesis?.kind !== 'ok') {
    const said = head === undefined || head.kind === 'ok' ? 'tells no block 0' : silence(head)
    throw refusal(
      'blocked',
      `${name}: its execution client at ${url} ${said}`,
      'start it there, with an empty data directory; or name it in the staging runbook: nodes[].execution.ethUrl',
    )
  }
  if (head.value !== 0)
    throw refusal(
      'blocked',
      `${name}: its execution client at ${url} is at block ${head.value}, so it is of another chain; a rehearsal takes nothing over`,
      'see that it is none of production; then stop it, empty its data directory, initialize it with the genesis file and start it',
    )
  return { ...client, genesisHash: genesis.value.hash }
}

const refusal = (kind: 'usage' | 'blocked', message: string, hint: string) =>
  new EvhaError({ kind, message, changedAnything: 'no', retryable: kind === 'blocked', hint })
