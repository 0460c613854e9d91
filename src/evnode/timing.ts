import { EvhaError } from '../base/errors.ts'
import { median } from '../base/median.ts'

/** Raft's four timeouts in whole milliseconds. */
export interface Timing {
  readonly heartbeatMs: number
  readonly electionMs: number
  readonly leaseMs: number
  readonly sendMs: number
}

export interface ChosenTiming extends Timing {
  /** One sentence for the operator: why these. */
  readonly because: string
}

/** What the node itself takes; the guide's tighter example made leaders exit on busy hosts (evnode.md A4b). */
export const nodeTiming: Timing = { heartbeatMs: 350, electionMs: 1000, leaseMs: 175, sendMs: 200 }

/** Below this the Raft library refuses to start (evnode.md B 1.2). */
const timeoutMsMin = 5

/**
 * Timeouts from the largest average round trip over all ordered pairs of nodes, by the public guide's rules, and never
 * below the node's defaults (evnode.md A4b). `rttMaxMs` null: not measured.
 */
export function timingFor(rttMaxMs: number | null): ChosenTiming {
  if (rttMaxMs === null) return { ...nodeTiming, because: "the node's defaults: no round trip was measured" }
  const heartbeatMs = Math.ceil(5 * rttMaxMs)
  const byRule: Timing = {
    heartbeatMs,
    electionMs: 4 * heartbeatMs,
    leaseMs: Math.ceil(heartbeatMs / 2),
    sendMs: Math.ceil(2 * rttMaxMs),
  }
  const chosen: Timing = {
    heartbeatMs: Math.max(nodeTiming.heartbeatMs, byRule.heartbeatMs),
    electionMs: Math.max(nodeTiming.electionMs, byRule.electionMs),
    leaseMs: Math.max(nodeTiming.leaseMs, byRule.leaseMs),
    sendMs: Math.max(nodeTiming.sendMs, byRule.sendMs),
  }
  const rtt = `the largest round trip is ${Number(rttMaxMs.toFixed(1))} ms`
  const raised = Object.entries(chosen).some(([name, ms]) => ms > nodeTiming[name as keyof Timing])
  const because = raised
    ? `${rtt}: heartbeat 5 x that, election 4 x heartbeat, lease half of it, send 2 x, none below the node's defaults`
    : `the node's defaults: ${rtt}, and tighter values make leaders exit on a busy host`
  return { ...chosen, because }
}

/** Timeouts an operator insists on: taken as they are when the node can start with them. Throws EvhaError (usage). */
export function timingAsked(asked: Timing): ChosenTiming {
  const { heartbeatMs, electionMs, leaseMs, sendMs } = asked
  const wrong = [heartbeatMs, electionMs, leaseMs, sendMs].some(
    (ms) => !(ms >= timeoutMsMin) || !Number.isInteger(ms),
  )
    ? `each timeout must be a whole number of at least ${timeoutMsMin} ms`
    : leaseMs > heartbeatMs
      ? `the lease (${leaseMs} ms) can not be larger than the heartbeat timeout (${heartbeatMs} ms)`
      : electionMs < heartbeatMs
        ? `the election timeout (${electionMs} ms) can not be smaller than the heartbeat timeout (${heartbeatMs} ms)`
        : undefined
  if (wrong !== undefined) {
    throw new EvhaError({
      kind: 'usage',
      message: `raft.timing: ${wrong}`,
      changedAnything: 'no',
      retryable: false,
      hint: 'write `timing: auto`, or mend the values in the runbook',
    })
  }
  const tight =
    heartbeatMs < nodeTiming.heartbeatMs || leaseMs < nodeTiming.leaseMs || sendMs < nodeTiming.sendMs
  const because = tight
    ? "as the runbook asks; below the node's defaults, with which leaders exit when a host is busy"
    : 'as the runbook asks'
  return { heartbeatMs, electionMs, leaseMs, sendMs, because }
}

/** A measured link, one way round: average round trip as `from` sees it. */
export interface MeasuredLink {
  readonly from: string
  readonly to: string
  readonly rttMs: number
}

/** Nodes that stand at twice the distance of the others: such a cluster may need minutes to elect (evnode.md A4b). */
export function distantNodes(links: readonly MeasuredLink[]): readonly string[] {
  const names = [...new Set(links.flatMap(({ from, to }) => [from, to]))]
  const typical = new Map(
    names.map((name) => [name, middleRtt(links.filter((one) => one.from === name || one.to === name))]),
  )
  return names.filter((name) => {
    const others = links.filter(({ from, to }) => from !== name && to !== name)
    // Under a millisecond twice as far means nothing.
    return others.length > 0 && (typical.get(name) ?? 0) >= Math.max(1, 2 * middleRtt(others))
  })
}

const middleRtt = (links: readonly MeasuredLink[]) => median(links.map(({ rttMs }) => rttMs))
