import { ask, contradiction, must, onEach, stuck } from '../ask.ts'
import { daHead } from '../chain/da.ts'
import { armDeadMan, endDeadMan, putDeadManOff, readArmed } from '../dead-man/commands.ts'
import { watchScript } from '../dead-man/watch.ts'
import {
  changeDecision,
  type DecisionKey,
  parseDecision,
  readDecisionFile,
  readyDecision,
} from '../host/decision.ts'
import { bootId } from '../host/systemd.ts'
import { done, notYet, type Step, type StepContext } from '../step.ts'

/**
 * This attempt's key of the decision file and of the dead-men, in the epoch in which they were armed: whoever takes the
 * run over in between goes on with them. An older process can not arm them again: a newer epoch stands there.
 */
export function keyOf({
  run,
  attempt,
  epoch,
  facts,
}: Pick<StepContext, 'run' | 'attempt' | 'epoch' | 'facts'>): DecisionKey {
  return { run, attempt, epoch: facts.arm?.epoch ?? epoch }
}

export const arm: Step<'arm'> = {
  name: 'arm',
  keepsJournal: 'first',
  plan: ({ source, nodes, runbook }) => [
    `write "open" into the decision file on ${source.spec.name}`,
    `arm the dead-man on ${nodes.length} nodes: ${runbook.window.deadManSeconds} s without a heartbeat of this workstation, and each goes back by itself`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { source } = context
    // What this very attempt has returned stays returned: whoever did it may still be at work.
    const before = ['absent', 'other:returned']
    const key = keyOf(context)
    await must(context, source, readyDecision(source.spec, 'returned', key))
    const written = await source.remote.run(changeDecision(source.spec, before, 'open', key), context.signal)
    if (written.kind === 'finished' && written.exitCode !== 0) {
      const stands = parseDecision(written.stdout)
      if (stands?.run === key.run && stands.attempt === key.attempt)
        throw stuck(`${source.spec.name}: this attempt was returned already (${stands.decision})`)
      throw contradiction(
        `${source.spec.name}: the decision file says "${written.stdout.trim()}"; another migration is under way there or was committed`,
      )
    }
    const { deadManSeconds } = context.runbook.window
    await onEach(context.nodes, async (host) => {
      const watch = watchScript(context, host, key)
      await must(context, host, armDeadMan(host.spec, key, deadManSeconds, watch))
      // The first beat: from here on the run's heartbeat gives it, and before the chain stops it is known to be heard.
      await must(context, host, putDeadManOff(host.spec, key, deadManSeconds))
    })
    return undefined
  },
  verify: async (context) => {
    const { source } = context
    const stands = parseDecision(await must(context, source, readDecisionFile(source.spec)))
    const key = keyOf(context)
    if (stands?.decision !== 'open' || stands.run !== key.run || stands.attempt !== key.attempt)
      return notYet(`${source.spec.name}: the decision file is not open for this attempt`)
    const unarmed = await notArmed(context)
    if (unarmed.length > 0) return notYet(`${unarmed.join(', ')}: the dead-man is not armed`)
    const bootIds = await onEach(context.nodes, (host) => must(context, host, bootId()))
    return done({ epoch: key.epoch, bootIds, daHeight: await daHead(context) })
  },
  undo: async (context) => {
    const { source, nodes } = context
    await onEach(nodes, (host) => must(context, host, endDeadMan(host.spec)))
    await must(context, source, changeDecision(source.spec, ['open', 'held'], 'returned', keyOf(context)))
  },
}

/** Hosts whose dead-man is not armed for this attempt, or does not run. */
async function notArmed(context: StepContext): Promise<string[]> {
  const armed = await onEach(
    context.nodes,
    async (host) => (await ask(context, host, readArmed(host.spec, keyOf(context)))).exitCode === 0,
  )
  return Object.keys(armed).filter((name) => armed[name] !== true)
}
