import { readConfig } from '../../evnode/config.ts'
import type { DaClient } from '../../evnode/da.ts'
import { must } from '../ask.ts'
import { readSecretFile } from '../host/files.ts'
import { configPath } from '../host/unit-files.ts'
import { fact, type Host, type StepContext } from '../step.ts'

const timeoutMs = 3_000

/** DA as the source reaches it, or another host. The token, if there is one, is read for this client and kept nowhere else. */
export async function daOf(context: StepContext, through: Host = context.source): Promise<DaClient> {
  const { daAddress } = fact(context, 'check')
  const config = readConfig(await must(context, through, readSecretFile(configPath(through.spec))))
  return context.da(through, {
    address: daAddress,
    timeoutMs,
    ...(config.daAuthToken === undefined ? {} : { authToken: config.daAuthToken }),
  })
}

/** The height DA stands at; null when it does not answer. */
export async function daHead(context: StepContext): Promise<number | null> {
  const head = await (await daOf(context)).localHead()
  return head.kind === 'ok' ? head.value : null
}
