import { objectOr } from '../../../src/evnode/json.ts'
import { peerIdOf } from '../../../src/evnode/peer-id.ts'
import { type Place, reaches, rpcOf, until } from '../../lab/standin/stand.ts'
import { aCase, type Case } from '../case.ts'
import type { Ground } from '../ground.ts'
import { type Observation, type Seen, shapeOf } from '../observation.ts'

const service = '/evnode.v1.'

async function running(
  ground: Ground,
  work: (place: Place) => Promise<Observation>,
  ...flags: string[]
): Promise<Observation> {
  const place = await ground.place(await ground.newHome('node'), 'node')
  ground.single(place, ...flags)
  await reaches(place, 3)
  return work(place)
}

async function shown(ground: Ground, place: Place, path: string, body: unknown): Promise<Seen> {
  const answer = await ground.ask(place, `${service}${path}`, body)
  if (typeof answer === 'string') return answer
  return { status: answer.status, body: shapeOf(objectOr(answer.text) ?? ground.plain(answer.text)) }
}

/** The answers that evha reads, of a single sequencer. */
export const rpcCases: readonly Case[] = [
  aCase('GetState', 'stateIn', (ground) =>
    running(ground, async (place) => ({
      raw: await shown(ground, place, 'StoreService/GetState', {}),
      parsed: (await rpcOf(place).state()).kind,
    })),
  ),
  aCase('GetBlock', 'blockOf', (ground) =>
    running(ground, async (place) => {
      const newest = await rpcOf(place).block(0)
      return {
        first: await shown(ground, place, 'StoreService/GetBlock', { height: '1' }),
        second: await shown(ground, place, 'StoreService/GetBlock', { height: '2' }),
        zeroIsNewest: newest.kind === 'ok' && newest.value.header.height >= 3,
      }
    }),
  ),
  aCase('GetBlock of a height that is not there', 'the answer `missing`', (ground) =>
    running(ground, async (place) => ({
      raw: await shown(ground, place, 'StoreService/GetBlock', { height: '1000000' }),
      parsed: (await rpcOf(place).block(1_000_000)).kind,
    })),
  ),
  aCase('GetNamespace', 'namespaceHexOf and namespacesIn', (ground) =>
    running(
      ground,
      async (place) => {
        const answer = await rpcOf(place).namespace()
        return {
          raw: await shown(ground, place, 'ConfigService/GetNamespace', {}),
          parsed: answer.kind === 'ok' ? { ...answer.value } : answer.kind,
        }
      },
      '--evnode.da.data_namespace',
      'other-ns',
    ),
  ),
  aCase('GetP2PStoreInfo', 'storesIn', (ground) =>
    running(ground, async (place) => {
      const rpc = rpcOf(place)
      const stores = await rpc.storeInfo()
      if (stores.kind !== 'ok') return { parsed: stores.kind }
      const block = await rpc.block(stores.value.header.height)
      return {
        raw: await shown(ground, place, 'StoreService/GetP2PStoreInfo', {}),
        parsed: stores.kind,
        headHashIsBlockHash: block.kind === 'ok' && block.value.hash === stores.value.header.hash,
      }
    }),
  ),
  aCase('GetMetadata of a key that is not there', 'counterIn', (ground) =>
    running(ground, async (place) => ({
      raw: await shown(ground, place, 'StoreService/GetMetadata', { key: 'no-such-key' }),
      submitted: await shown(ground, place, 'StoreService/GetMetadata', {
        key: 'last-submitted-header-height',
      }),
      parsed: (await rpcOf(place).counter('no-such-key')).kind,
    })),
  ),
  aCase('GetNetInfo, GetPeerInfo, GetSignerInfo', 'peerIdOf and netInfoIn', (ground) =>
    running(ground, async (place) => {
      const rpc = rpcOf(place)
      const info = await rpc.netInfo()
      const peerId = peerIdOf(ground.file(place.home, 'config', 'node_key.json'))
      const raw = await ground.ask(place, `${service}P2PService/GetNetInfo`, {})
      return {
        // The node puts spaces into its JSON, and which differs from build to build.
        netInfo:
          typeof raw === 'string'
            ? raw
            : ground
                .plain(JSON.stringify(JSON.parse(raw.text)))
                .replaceAll(peerId, '<peer id>')
                .replaceAll(place.address, '<address>')
                .replaceAll(String(place.p2pPort), '<p2p port>'),
        peerIdIsOurs: info.kind === 'ok' && info.value.peerId === peerId,
        peers: await shown(ground, place, 'P2PService/GetPeerInfo', {}),
        signer: await shown(ground, place, 'ConfigService/GetSignerInfo', {}),
        parsed: (await rpc.signerAddress()).kind,
      }
    }),
  ),
  aCase('/raft/node without Raft', 'the answer `noRaft`', (ground) =>
    running(ground, async (place) => ({
      raw: await ground.ask(place, '/raft/node'),
      parsed: (await rpcOf(place).raftNode()).kind,
    })),
  ),
  aCase('health of a sequencer that makes blocks', 'live and ready', (ground) =>
    running(ground, async (place) => ({
      live: await ground.ask(place, '/health/live'),
      ready: await ground.ask(place, '/health/ready'),
    })),
  ),
  aCase('health before the first block', 'live and ready', async (ground) => {
    const place = await ground.place(await ground.newHome('node'), 'node')
    ground.single(place, '--evnode.node.block_time', '1h')
    const live = await until('an answer', async () => {
      const answer = await ground.ask(place, '/health/live')
      return typeof answer === 'string' ? undefined : answer
    })
    const state = await rpcOf(place).state()
    return {
      live,
      ready: await ground.ask(place, '/health/ready'),
      state: state.kind === 'ok' ? { height: state.value.lastBlockHeight } : state,
      raw: await shown(ground, place, 'StoreService/GetState', {}),
      newest: await shown(ground, place, 'StoreService/GetBlock', { height: '0' }),
      stores: await shown(ground, place, 'StoreService/GetP2PStoreInfo', {}),
    }
  }),
  aCase('health of a sequencer that stalls', 'live and ready', async (ground) => {
    const place = await ground.place(await ground.newHome('node'), 'node')
    // DA takes nothing, and two blocks may wait for it: no third one comes.
    const node = ground.single(place, '--evnode.node.max_pending_headers_and_data', '2')
    await node.until('produced', ({ height }) => height >= 2)
    const unready = await until('a node that is not ready', async () => {
      const answer = await ground.ask(place, '/health/ready')
      return typeof answer === 'string' || answer.status === 200 ? undefined : answer
    })
    return {
      live: await ground.ask(place, '/health/live'),
      unready,
      said: node.stderr.includes('pending limit reached'),
    }
  }),
]
