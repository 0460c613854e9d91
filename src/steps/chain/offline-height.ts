import { changes } from '../../base/command.ts'
import { offlineHeightArgv, readOfflineHeight } from '../../evnode/store.ts'
import { ask, stuck } from '../ask.ts'
import { asServiceUser, serviceUser } from '../host/service-user.ts'
import type { Host, StepContext } from '../step.ts'

/** The height a stopped store holds, by the node's own word (evnode.md B 5.4); needs the lock, changes nothing. NaN on paper. */
export async function offlineHeight(context: StepContext, host: Host): Promise<number> {
  const { spec } = host
  // The database may rewrite its own files on opening, so this counts as a change although no block is touched.
  const asked = changes(
    `ask the stopped store of ${spec.name} for its height`,
    asServiceUser(serviceUser(context, spec), offlineHeightArgv({ binary: spec.binary, home: spec.home })),
  )
  const answer = await ask(context, host, asked)
  return context.onPaper ? Number.NaN : heightIn(host, `${answer.stdout}\n${answer.stderr}`)
}

function heightIn(host: Host, answer: string): number {
  const read = readOfflineHeight(answer)
  if (read.kind === 'height') return read.height
  throw stuck(
    `${host.spec.name}: the stopped store does not tell its height: ${read.kind === 'locked' ? 'somebody holds its lock' : read.said}`,
  )
}
