import { replayMsPerBlock } from '../../evnode/execution.ts'
import type { StepContext } from '../step.ts'

/** A member whose client needs longer than this for what it lacks is not started in the window: should it lead, the chain waits for it. */
const replayMaxMs = 6_000

/** What a block takes to replay: as this run's warm-up saw it, else as it was seen of a real client. */
export function replayPaceMs({ facts }: Pick<StepContext, 'facts'>): { ms: number; measured: boolean } {
  const seen = facts.weighCutover?.warmedUp?.msPerBlock ?? facts.seedData?.warmedUp?.msPerBlock ?? null
  return seen === null ? { ms: replayMsPerBlock, measured: false } : { ms: seen, measured: true }
}

/** Why a node whose client ends `lacks` blocks below N may be neither in the warm set nor the q-th; '' when it may. */
export function tooFarBehind(context: Pick<StepContext, 'facts'>, lacks: number): string {
  const ms = lacks * replayPaceMs(context).ms
  return ms <= replayMaxMs
    ? ''
    : `its execution client is ${lacks} blocks behind, about ${Math.ceil(ms / 1_000)} s of replay`
}
