import { isIP } from 'node:net'
import { defaultP2pPort } from '../../evnode/config.ts'
import { homeFiles } from '../../evnode/home.ts'
import { peerIdOfPublicKey } from '../../evnode/peer-id.ts'
import { multiaddress } from '../../evnode/raft-changes.ts'
import { fullNodeUnit } from '../../evnode/unit-full-node.ts'
import { hostPort } from '../../runbook/address.ts'
import { must, onEach, stuck } from '../ask.ts'
import { digests, makeDirs, readDigests } from '../host/files.ts'
import { type LaidFile, layInOrder } from '../host/lay.ts'
import { serviceUser } from '../host/service-user.ts'
import { reloadUnits } from '../host/systemd.ts'
import { configPath, genesisPath, nodeKeyPath, unitPath } from '../host/unit-files.ts'
import { layNodeKey, readNodeKeyPublic } from '../prepare/lay-identity.ts'
import { liveConfig, readSourceFiles, sha256 } from '../prepare/source-files.ts'
import type { Host, StepContext } from '../step.ts'
import { away, fullNodeOf, warmUpPermit } from './place.ts'

/** A full node beside a peer, and the files it is made of. */
export interface FullNode {
  readonly peer: Host
  /** The full node as a node of its own. */
  readonly node: Host
  readonly files: readonly LaidFile[]
}

/** The full nodes of all peers, from the live sequencer's own files. They know it by its P2P address, and its other peers. */
export async function planFullNodes(context: StepContext): Promise<readonly FullNode[]> {
  const { source } = context
  const [live, key] = await Promise.all([
    readSourceFiles(context, source),
    readNodeKeyPublic(context, source),
  ])
  const config = liveConfig(live)
  if (key === '' && !context.onPaper)
    throw stuck(`${source.spec.name}: ${nodeKeyPath(source.spec)} has no public key`)
  const p2pPort = config.p2pPort ?? defaultP2pPort
  const sequencer = multiaddress({
    nodeId: source.spec.name,
    address: source.spec.address,
    raftPort: source.spec.raftPort,
    p2pPort,
    peerId: key === '' ? 'ON-PAPER' : peerIdOfPublicKey(Buffer.from(key, 'base64')),
  })
  return context.peers.map((peer) => {
    const node = fullNodeOf(peer)
    const { spec } = node
    const owner = serviceUser(context, spec)
    const unit = fullNodeUnit(live.unit, {
      home: spec.home,
      binary: spec.binary,
      p2pListen: listenAddress(spec.address, spec.p2pPort ?? away(p2pPort)),
      p2pPeers: [sequencer, ...config.p2pPeers],
      rpcAddress: hostPort(spec.rpc.host, spec.rpc.port),
      permit: warmUpPermit(spec),
      ...(spec.execution === undefined ? {} : { execution: spec.execution }),
    })
    return {
      peer,
      node,
      files: [
        { path: genesisPath(spec), text: live.genesisText, mode: 0o600, owner },
        { path: configPath(spec), text: live.configText, mode: 0o600, owner },
        { path: unitPath(spec), text: unit, mode: 0o644, owner: '' },
      ],
    }
  })
}

const listenAddress = (address: string, port: number) =>
  `/${isIP(address) === 0 ? 'dns' : `ip${isIP(address)}`}/${address}/tcp/${port}`

/** Lays what is missing or different of each full node; its key is its own, a copied one would be a second node with one peer id. */
export async function layFullNodes(context: StepContext, nodes: readonly FullNode[]): Promise<void> {
  const of = (host: Host) => nodes.find(({ node }) => node === host)
  await onEach(
    nodes.map(({ node }) => node),
    async (node) => {
      const { spec } = node
      const files = homeFiles(spec.home)
      const user = serviceUser(context, spec)
      await must(context, node, makeDirs('0750', user, [spec.home, files.configDir, files.data]))
      await must(context, node, makeDirs('0755', '', [spec.paths.evha]))
      await layNodeKey(context, node)
      const wanted = of(node)?.files ?? []
      const found = readDigests(await must(context, node, digests(wanted.map(({ path }) => path))))
      const changed = wanted.filter(({ path, text }) => found.get(path) !== sha256(text))
      if (changed.length === 0) return
      await layInOrder(context, node, changed)
      await must(context, node, reloadUnits())
    },
  )
}
