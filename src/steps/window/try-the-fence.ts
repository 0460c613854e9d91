import { EvhaError } from '../../base/errors.ts'
import { must, stuck } from '../ask.ts'
import { readFenceTried, tryFence } from '../host/try-fence.ts'
import { fact, type StepContext } from '../step.ts'
import { notFencedIn } from './fence.ts'

/**
 * Starts the fenced unit and wants to be refused; judged by the invocation id, not by what systemctl says. Where the
 * fence is seen not to stand, nothing is started.
 */
export async function tryTheFence(context: StepContext): Promise<string> {
  const { source } = context
  const { invocation } = fact(context, 'fence')
  const said = await must(context, source, tryFence(source.spec))
  if (context.onPaper) return ''
  const { look, start } = readFenceTried(said)
  const open = notFencedIn(source, look)
  if (open !== null) throw stuck(open)
  if (start === null) throw stuck(`${source.spec.name}: the fence was not tried`)
  const { exitCode, after } = start
  if (exitCode !== 0 && after.invocation === invocation && after.active !== 'active')
    return start.said.split('\n')[0] ?? 'refused'
  throw new EvhaError({
    kind: 'failed',
    message: `${source.spec.name}: the fence does not hold: ${source.spec.unit} could be started without its permit`,
    changedAnything: 'yes',
    retryable: false,
    hint: `look at \`systemctl cat ${source.spec.unit}\` on ${source.spec.name}: the drop-in must assert the permit`,
  })
}
