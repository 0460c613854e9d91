import { EvhaError } from '../../base/errors.ts'
import { onEach, stuck } from '../ask.ts'
import type { Started } from '../facts.ts'
import { refuseWithoutQuorum } from '../gates/startable.ts'
import { type HostLook, lookAtGround } from '../host/look.ts'
import { fact, type Host, type StepContext } from '../step.ts'
import { notFencedIn } from '../window/fence.ts'
import { guardDir } from '../window/stop-source.ts'

/** Everything the decision rests on must have been measured in one round no older than this. */
export const roundMaxMs = 2_000

/** A round that was only slow is made again, so often; nothing is decided yet, and each one is measured whole. */
const roundsMax = 3

/**
 * One round over all hosts; throws the first thing that no longer holds, and when no round was quick enough. Returns
 * when the round began, epoch ms: all of it was seen after that.
 */
export async function measureAll(context: StepContext): Promise<number> {
  let tookMs = 0
  for (let round = 0; round < roundsMax; round++) {
    const startedMs = context.now()
    refuseSpentBudget(context, startedMs)
    await measureOnce(context, fact(context, 'warmPeers'))
    tookMs = context.now() - startedMs
    if (tookMs <= roundMaxMs) return startedMs
  }
  throw new EvhaError({
    kind: 'failed',
    message: `the last round over all hosts took ${tookMs} ms, more than ${roundMaxMs} ms: what it saw may be out of date`,
    changedAnything: 'no',
    retryable: true,
    hint: 'see with `time ssh HOST true` which host is slow; its login shell may run slow start-up files',
  })
}

export function refuseSpentBudget({ windowDeadlineMs }: StepContext, nowMs: number): void {
  if (windowDeadlineMs === null || nowMs < windowDeadlineMs) return
  throw new EvhaError({
    kind: 'budget',
    message: 'the budget of the window is spent',
    changedAnything: 'no',
    retryable: false,
    hint: 'the run goes back to the single sequencer; raise window.budgetSeconds if the parts need more',
  })
}

/** The warm nodes, how each was started, and those that still come up: whoever starts one sees it up after this. */
export interface Warm {
  readonly warm: readonly string[]
  readonly started: Readonly<Record<string, Started>>
  readonly isComing?: (name: string) => boolean
}

/** Looks at every host at once; throws the first thing that no longer holds. */
export async function measureOnce(context: StepContext, warm: Warm): Promise<void> {
  const { source } = context
  const [looks, guard] = await Promise.all([
    onEach(context.nodes, async (host) => {
      const look = await lookAtGround(context, host)
      refuseOther(context, host, look, warm)
      return look
    }),
    context.hands.statusOfDetached(source.remote, guardDir(context)),
  ])
  refuseWithoutQuorum(context, looks, warm.warm)
  if (guard.kind !== 'running') throw stuck(`${source.spec.name}: the guard of the store is gone`)
  const noted = fact(context, 'arm').bootIds
  const rebooted = Object.keys(noted).filter((name) => looks[name]?.bootId !== noted[name])
  if (rebooted.length > 0) throw stuck(`${rebooted.join(', ')}: rebooted inside the window`)
}

/** Throws when the host is not what the decision rests on: the source fenced and down, the warm peers up, all others down. */
function refuseOther(
  context: StepContext,
  host: Host,
  look: HostLook,
  { warm, started, isComing }: Warm,
): void {
  const { name, unit: unitName } = host.spec
  const { unit } = look
  if (host === context.source) {
    const open = notFencedIn(host, look)
    if (open !== null) throw stuck(open)
    if (unit.active !== 'inactive' || unit.invocation !== fact(context, 'fence').invocation)
      throw stuck(`${name}: ${unitName} was started again since the stop`)
    return
  }
  if (!warm.includes(name)) {
    if (unit.active === 'inactive' || unit.active === 'failed') return
    throw stuck(`${name}: ${unitName} runs although nobody started it`)
  }
  if (isComing?.(name) === true) return
  if (unit.active !== 'active' || unit.invocation !== started[name]?.invocation)
    throw stuck(`${name}: the warm node did not stay up (${unit.active}, ${unit.result})`)
}
