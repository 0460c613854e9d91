import { must, onEach, stuck } from '../ask.ts'
import { remove } from '../host/files.ts'
import { isUp, readUnit, reloadUnits } from '../host/systemd.ts'
import type { Host, StepContext } from '../step.ts'
import { endFullNode } from './commands.ts'
import { fullNodeOf, warmUpUnit, warmUpUnitPath } from './place.ts'

/** In the window, once the source stands still: every full node is ended and proved gone, before any member may start. */
export async function endFullNodes(context: StepContext): Promise<void> {
  await onEach(context.peers, (peer) => endOn(context, peer, 'kill'))
}

/** Ends the full node of a peer and takes away its unit and its home. The client keeps what it was led to. */
export async function removeFullNode(context: StepContext, peer: Host): Promise<void> {
  const { spec } = fullNodeOf(peer)
  await endOn(context, peer, 'stop')
  const gone = [warmUpUnitPath(peer.spec), spec.home, spec.paths.evha]
  await must(context, peer, remove('remove the full node, its unit and its home', gone))
  await must(context, peer, reloadUnits())
}

/** Ends the full node of a peer and proves it gone; without its permit it can not start again. */
async function endOn(context: StepContext, peer: Host, how: 'kill' | 'stop'): Promise<void> {
  const shown = readUnit(await must(context, peer, endFullNode(peer.spec, how)))
  if (context.onPaper) return
  if (isUp(shown) || shown.mainPid !== 0)
    throw stuck(
      `${peer.spec.name}: ${warmUpUnit(peer.spec)} does not stop, so no member is started beside it`,
    )
}
