import { type Command, changes, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { onReachable } from '../abort/reach.ts'
import { must, stuck } from '../ask.ts'
import { endDeadMan } from '../dead-man/commands.ts'
import { setKeyAside } from '../host/key-aside.ts'
import { lookAt } from '../host/look.ts'
import { permitDirs } from '../host/permits.ts'
import { fileExists } from '../host/swap.ts'
import { isUp } from '../host/systemd.ts'
import { signerPath } from '../host/unit-files.ts'
import { done, notYet, type Step, type StepContext } from '../step.ts'

/**
 * A height was signed twice: whoever may have done it ends now, and none starts again before a human has looked, not
 * after a reboot either. The writers first, all at once; then the dead-men, of which the source's could have started
 * it again in between, and so once more.
 */
export const stopWriters: Step<'stopWriters'> = {
  name: 'stopWriters',
  plan: ({ nodes, source }) => [
    `take every permit on ${nodes.length} nodes and kill the node there, all at once`,
    `end the dead-men, and set the key of ${source.spec.name} aside: nothing starts by itself any more`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    await onReachable(context, context.nodes, async (host) => {
      await must(context, host, stopWriter(host.spec))
    })
    const { unreached } = await onReachable(context, context.nodes, async (host) => {
      await must(context, host, endDeadMan(host.spec))
      // Past its unit it may still be started; the others sign nothing without a quorum.
      if (host === context.source) await must(context, host, setKeyAside(host.spec))
      await must(context, host, stopWriter(host.spec))
    })
    return { unreached }
  },
  verify: async (context) => {
    const left: string[] = []
    const reached = await onReachable(context, context.nodes, async (host) => {
      const { permits, unit } = await lookAt(context, host)
      if (permits !== '') left.push(`${host.spec.name}: a permit still stands`)
      if (host === context.source && (await fileExists(context, host, signerPath(host.spec))))
        left.push(`${host.spec.name}: its key is still in its place`)
      if (isUp(unit)) left.push(`${host.spec.name}: ${host.spec.unit} is ${unit.active}`)
    })
    if (left.length > 0) return notYet(left.join('; '))
    const source = context.source.spec.name
    // Alone it can sign as long as nothing was committed; after that it needs the others.
    if (reached.unreached.includes(source) && !isCommitted(context))
      throw stuck(`${source} does not answer and may still sign`, 'bring it back, then `evha resume`')
    return done(reached)
  },
  /** What was stopped is started by whoever has looked: `evha abort` or `evha rollback`. */
  undo: () => Promise.resolve(),
}

const isCommitted = ({ facts }: StepContext) =>
  facts.decide?.decision === 'committed' || facts.readDecision?.decision === 'committed'

/** The permits first, so that systemd starts nothing again; SIGKILL, because a stop lets a node sign on for seconds. */
function stopWriter(spec: NodeSpec): Command {
  const dirs = permitDirs(spec)
  return changes(
    `take all permits and kill ${spec.unit}`,
    script(
      `unit=$1
shift
for dir in "$@"; do rm -f "$dir/single" "$dir/raft"; done
systemctl kill --signal=SIGKILL "$unit" 2>/dev/null || true
systemctl stop "$unit" 2>/dev/null || true
for dir in "$@"; do if [ -d "$dir" ]; then sync "$dir"; fi; done`,
      spec.unit,
      dirs.durable,
      dirs.volatile,
    ),
  )
}
