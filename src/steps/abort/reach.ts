import { EvhaError } from '../../base/errors.ts'
import { stuck } from '../ask.ts'
import type { Host, StepContext } from '../step.ts'

/**
 * Does the work on every host that answers and names the others. A host that does not answer counts as running
 * Raft, so fewer than a quorum may stay silent: more, and the cluster might produce behind our back.
 */
export async function onReachable(
  context: StepContext,
  hosts: readonly Host[],
  work: (host: Host) => Promise<void>,
): Promise<{ readonly unreached: readonly string[] }> {
  const unreached: string[] = []
  await Promise.all(
    hosts.map(async (host) => {
      try {
        await work(host)
      } catch (thrown) {
        if (!(thrown instanceof EvhaError) || thrown.kind !== 'unreachable') throw thrown
        unreached.push(host.spec.name)
      }
    }),
  )
  if (unreached.length >= context.quorum)
    throw stuck(
      `${unreached.join(', ')} do not answer: so many could be a quorum of running Raft nodes`,
      'bring the hosts back, then `evha resume`',
    )
  return { unreached: unreached.sort() }
}
