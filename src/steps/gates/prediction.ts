import { fact, type StepContext } from '../step.ts'

/** One part of the window: what it will take, and where the figure comes from. */
export interface Part {
  readonly name: string
  readonly p50Ms: number
  readonly p95Ms: number
  readonly source: 'measured here' | 'default'
}

/** Stop of a single sequencer on the real node: 0.1 to 1.8 s (evnode.md A2). */
const stopMs = { p50: 600, p95: 1_800 }
/** Of the last start to the first block: process start, election, the leader's first P2P retry (evnode.md A2). */
const electMs = { p50: 2_200, p95: 3_500 }
/** Then up to two block times (evnode.md A2). */
const blockTimes = 2

/** The window, part by part. Its sum is the gap that is predicted: last old block to first cluster block. */
export function predictWindow(context: StepContext): readonly Part[] {
  const seed = fact(context, 'seedData')
  const smoke = fact(context, 'smoke')
  const { blockTimeMs } = fact(context, 'check')
  const warmMs = Math.max(...Object.values(smoke.startMs))
  const measured = (name: string, ms: number): Part => ({
    name,
    p50Ms: ms,
    p95Ms: Math.round(ms * 1.5) + 200,
    source: 'measured here',
  })
  const usual = (name: string, p50Ms: number, p95Ms: number): Part => ({
    name,
    p50Ms,
    p95Ms,
    source: 'default',
  })
  return [
    usual('stop', stopMs.p50, stopMs.p95),
    measured('sync', seed.lastPassMs),
    measured('proof', seed.manifestMs),
    measured('warm', warmMs),
    usual(
      'last start to first block',
      electMs.p50 + blockTimes * blockTimeMs,
      electMs.p95 + blockTimes * blockTimeMs,
    ),
  ]
}

export const sumP50 = (parts: readonly Part[]) => parts.reduce((sum, part) => sum + part.p50Ms, 0)
export const sumP95 = (parts: readonly Part[]) => parts.reduce((sum, part) => sum + part.p95Ms, 0)

export const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
