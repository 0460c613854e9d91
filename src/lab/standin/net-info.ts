import { isObject } from '../../evnode/json.ts'
import { goErrorText, NodeFailure } from './failure.ts'
import type { Flags } from './flags.ts'

/** `net-info`: asks the running node of this host; it can not tell anything of a node that does not run (evnode.md B 1.1 d). */
export async function netInfo(flags: Flags): Promise<void> {
  const address = flags.config['rpc.address'] ?? '127.0.0.1:7331'
  let answer: unknown
  try {
    const response = await fetch(`http://${address}/evnode.v1.P2PService/GetNetInfo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(5_000),
    })
    answer = await response.json()
  } catch (thrown) {
    const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown
    throw new NodeFailure(`GetNetInfo RPC: unavailable: dial tcp ${address}: ${goErrorText(cause)}`)
  }
  const info = isObject(answer) && isObject(answer['netInfo']) ? answer['netInfo'] : {}
  const told = { node_id: info['id'], listen_addresses: info['listenAddresses'] ?? [], peers: [] }
  if (flags.given.get('output') === 'json') process.stdout.write(`${JSON.stringify(told)}\n`)
  else process.stdout.write(`🆔 Node ID: ${String(told.node_id)}\n`)
}
