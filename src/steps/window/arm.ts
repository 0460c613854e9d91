import { contradiction, must, onEach, stuck } from '../ask.ts'
import { daHead } from '../chain/da.ts'
import { changeDecision, type DecisionKey, parseDecision, readDecisionFile } from '../host/decision.ts'
import { bootId } from '../host/systemd.ts'
import { done, fact, notYet, type Step, type StepContext } from '../step.ts'

/** This attempt's key of the decision file. The epoch stays 1 as long as one workstation holds the run. */
export function keyOf(context: StepContext): DecisionKey {
  return { run: context.run, attempt: context.attempt, epoch: 1 }
}

export const arm: Step<'arm'> = {
  name: 'arm',
  plan: ({ source }) => [`write "open" into the decision file on ${source.spec.name}`],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source } = context
    // What this very attempt has returned stays returned: whoever did it may still be at work.
    const before = ['absent', 'other:returned']
    const written = await source.remote.run(
      changeDecision(source.spec, before, 'open', keyOf(context)),
      context.signal,
    )
    if (written.kind === 'finished' && written.exitCode !== 0) {
      const stands = parseDecision(written.stdout)
      const key = keyOf(context)
      if (stands?.run === key.run && stands.attempt === key.attempt)
        throw stuck(`${source.spec.name}: this attempt was returned already (${stands.decision})`)
      throw contradiction(
        `${source.spec.name}: the decision file says "${written.stdout.trim()}"; another migration is under way there or was committed`,
      )
    }
    return undefined
  },
  verify: async (context) => {
    const { source } = context
    const stands = parseDecision(await must(context, source, readDecisionFile(source.spec)))
    const key = keyOf(context)
    if (stands?.decision !== 'open' || stands.run !== key.run || stands.attempt !== key.attempt)
      return notYet(`${source.spec.name}: the decision file is not open for this attempt`)
    const bootIds = await onEach(context.nodes, (host) => must(context, host, bootId()))
    return done({ epoch: key.epoch, bootIds, daHeight: await daHead(context) })
  },
  undo: async (context) => {
    const { source } = context
    await must(context, source, changeDecision(source.spec, ['open', 'held'], 'returned', keyOf(context)))
  },
}

/** The boot ids noted when the window was armed differ from today's: that host rebooted inside the window. */
export async function rebooted(context: StepContext): Promise<string[]> {
  const noted = fact(context, 'arm').bootIds
  const now = await onEach(context.nodes, (host) => must(context, host, bootId()))
  return Object.keys(noted).filter((name) => noted[name] !== now[name])
}
