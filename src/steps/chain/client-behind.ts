import { replayMsPerBlock } from '../../evnode/execution.ts'
import { fact, type StepContext } from '../step.ts'

/** A member whose client needs longer than this for what it lacks is not started in the window: should it lead, the chain waits for it. */
const replayMaxMs = 6_000

/** What a block takes to replay: as this run's warm-up saw it, else as it was seen of a real client. */
export function replayPaceMs({ facts }: Pick<StepContext, 'facts'>): { ms: number; measured: boolean } {
  const seen = facts.weighCutover?.warmedUp?.msPerBlock ?? facts.seedData?.warmedUp?.msPerBlock ?? null
  return seen === null ? { ms: replayMsPerBlock, measured: false } : { ms: seen, measured: true }
}

/**
 * Why a peer may be neither in the warm set nor the q-th, from where its client stood once its full node was gone; null when
 * it may, and on a chain without clients.
 */
export function whyNotWarm(context: Pick<StepContext, 'facts'>, name: string): string | null {
  if (context.facts.check?.execution === undefined) return null
  const { height } = fact(context, 'stopSource')
  const at = fact(context, 'finalSync').clients?.[name] ?? null
  if (at === null) return 'its execution client does not answer'
  const lacks = height - at
  const ms = lacks * replayPaceMs(context).ms
  return ms <= replayMaxMs
    ? null
    : `its execution client is at block ${at}, ${lacks} behind: about ${Math.ceil(ms / 1_000)} s of replay`
}
