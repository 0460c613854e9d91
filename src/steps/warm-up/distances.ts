import { replayPace } from '../chain/client-behind.ts'
import { clientHeadOf } from '../chain/client-head.ts'
import { heightOf } from '../chain/head.ts'
import type { Replay } from '../gates/prediction.ts'
import type { StepContext } from '../step.ts'
import { fullNodeOf } from './place.ts'
import { behind, type Distance } from './progress.ts'

/** How far every peer's full node and client are, by node name, from one look; empty while the sequencer tells no head. */
export async function distances(context: StepContext): Promise<Readonly<Record<string, Distance>>> {
  const seen = await Promise.all(
    context.peers.map(async (peer) => {
      const [node, client] = await Promise.all([
        heightOf(context, fullNodeOf(peer)),
        clientHeadOf(context, peer),
      ])
      return { name: peer.spec.name, node, client }
    }),
  )
  // Asked last: a block that comes meanwhile makes them look farther behind, never nearer.
  const head = await heightOf(context, context.source)
  if (head === null) return {}
  const atMs = context.now()
  return Object.fromEntries(seen.map(({ name, node, client }) => [name, { atMs, head, node, client }]))
}

/** What the client that lacks most would have to make up for, were the chain stopped now. */
export function replayLeft(
  context: Pick<StepContext, 'facts' | 'seen'>,
  all: Readonly<Record<string, Distance>>,
): Replay {
  // What its node does not know yet is no matter here: the member has the whole store.
  const lacks = Object.values(all).map(({ head, client }) => head - (client ?? 0))
  return { blocks: Math.max(0, ...lacks), ...replayPace(context) }
}

export function distancesInWords(all: Readonly<Record<string, Distance>>): string {
  const names = Object.entries(all)
  const far = names.filter(([, distance]) => behind(distance) > 0)
  return [
    `${names.length - far.length} of ${names.length} stand at the head`,
    ...far.map(([name, distance]) => `${name} ${behind(distance)} behind`),
  ].join('; ')
}
