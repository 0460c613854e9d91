import { reads, script } from '../../base/command.ts'
import { must } from '../ask.ts'
import type { Host, StepContext } from '../step.ts'
import { away, fullNodeOf } from '../warm-up/place.ts'
import type { Finding } from './finding.ts'
import { readGround, roomFunction } from './ground.ts'
import { takenPorts } from './ground-findings.ts'

/** What keeps the full node of a warm-up from listening beside a peer. One that runs holds its ports itself. `p2pPort` is the sequencer's. */
export async function fullNodeFindings(
  context: StepContext,
  peer: Host,
  p2pPort: number,
): Promise<Finding[]> {
  const { spec } = fullNodeOf(peer)
  const ground = await must(context, peer, lookAtFullNode(spec.unit))
  if (/^up$/m.test(ground)) return []
  const whose = "of the full node that leads this host's execution client to the head"
  return takenPorts(spec.name, readGround(ground), [
    [`RPC ${whose}`, spec.rpc.host, spec.rpc.port],
    [`P2P ${whose}`, spec.address, spec.p2pPort ?? away(p2pPort)],
  ])
}

const lookAtFullNode = (unit: string) =>
  reads(
    `look at ${unit} and the ports that listen`,
    script(
      `${roomFunction}
case $(systemctl show "$1" --property=ActiveState) in *=active | *=activating | *=deactivating) echo up ;; esac
room /`,
      unit,
    ),
  )
