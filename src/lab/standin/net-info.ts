import { nodeRpc } from '../../evnode/rpc.ts'
import { opened } from './chain/da-client.ts'
import type { StandinEnvironment } from './environment.ts'
import { goErrorText, NodeFailure } from './failure.ts'
import type { Flags } from './flags.ts'
import { loadSettings } from './settings.ts'

const timeoutMs = 5_000

/** `net-info`: asks the running node of this host; it can tell nothing of a node that does not run (evnode.md B 1.1 d). */
export async function netInfo(flags: Flags, environment: StandinEnvironment): Promise<void> {
  const { host, port } = loadSettings(flags, environment).config.rpc
  const address = `${host}:${port}`
  let refused: unknown
  const open = () =>
    opened(host, port).catch((thrown: unknown) => {
      refused = thrown
      throw thrown
    })
  const info = await nodeRpc(open, { timeoutMs }).netInfo()
  if (info.kind !== 'ok') {
    const why = refused === undefined ? info.kind : goErrorText(refused)
    throw new NodeFailure(`GetNetInfo RPC: unavailable: dial tcp ${address}: ${why}`)
  }
  const told = { node_id: info.value.peerId, listen_addresses: info.value.listenAddresses, peers: [] }
  if (flags.given.get('output') === 'json') process.stdout.write(`${JSON.stringify(told)}\n`)
  else process.stdout.write(`🆔 Node ID: ${told.node_id}\n`)
}
