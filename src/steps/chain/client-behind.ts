import { median } from '../../base/median.ts'
import { replayMsPerBlock } from '../../evnode/execution.ts'
import type { ClientStands } from '../facts.ts'
import type { Replay } from '../gates/prediction.ts'
import type { StepContext } from '../step.ts'

/** A member whose client needs longer than this for what it lacks is not started in the window: should it lead, the chain waits for it. */
const replayMaxMs = 6_000

/** What a block takes to replay, and who saw it. */
export type ReplayPace = Required<Omit<Replay, 'blocks'>>

/**
 * As this run's warm-up saw it, else as an earlier run or a rehearsal did, else as it was seen of a real client. The usual pace is
 * that of the client in the middle, with nothing else in the way, which is what is to be expected. The slow one is that of the
 * slowest, and counts where a node would be let in: one that is let in on a hope holds the chain still.
 */
export function replayPace({ facts, seen }: Pick<StepContext, 'facts' | 'seen'>): ReplayPace {
  const warmedUp = [facts.weighCutover?.warmedUp, facts.seedData?.warmedUp].find(
    (one) => (one?.msPerBlock ?? null) !== null,
  )
  const slowMsPerBlock = warmedUp?.msPerBlock ?? null
  if (slowMsPerBlock !== null) {
    const msPerBlock = warmedUp?.usualMsPerBlock ?? slowMsPerBlock
    return { msPerBlock, slowMsPerBlock, source: 'measured here' }
  }
  for (const { replayMsPerBlock: before = [], from } of seen)
    if (before.length > 0)
      return { msPerBlock: median(before), slowMsPerBlock: Math.max(...before), source: from }
  return { msPerBlock: replayMsPerBlock, slowMsPerBlock: replayMsPerBlock, source: 'default' }
}

/** The chain stands still at `last`: what the client that lacks most of those to be started has to make up for. */
export function replayAt(
  context: Pick<StepContext, 'facts' | 'seen'>,
  { stands, names, last }: { stands: ClientStands; names: readonly string[]; last: number },
): Replay {
  const lacks = names.map((name) => last - (stands[name]?.height ?? last))
  return { blocks: Math.max(0, ...lacks), ...replayPace(context) }
}

/** Why a node whose client ends `lacks` blocks below N may be neither in the warm set nor the q-th; '' when it may. */
export function tooFarBehind(context: Pick<StepContext, 'facts' | 'seen'>, lacks: number): string {
  const ms = lacks * replayPace(context).slowMsPerBlock
  return ms <= replayMaxMs
    ? ''
    : `its execution client is ${lacks} blocks behind, about ${Math.ceil(ms / 1_000)} s of replay`
}
