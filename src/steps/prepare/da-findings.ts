import { daTarget } from '../../evnode/da.ts'
import { hostPort } from '../../runbook/address.ts'
import type { StepContext } from '../step.ts'
import { type Finding, warns } from './finding.ts'

const timeoutMs = 3_000

/**
 * Whether DA answers each host: any of them may lead, and only the leader submits. Asked without the token, which is
 * none of a look's business: whoever refuses for want of it is there. `address` is the sequencer's.
 */
export async function daFindings({ nodes, da }: StepContext, address: string): Promise<Finding[]> {
  if (address === '') return []
  const { host, port } = daTarget(address)
  const asked = await Promise.all(
    nodes.map(async (node) => ({ node, head: await da(node, { address, timeoutMs }).localHead() })),
  )
  return asked
    .filter(({ head: { kind } }) => kind === 'closed' || kind === 'timeout')
    .map(({ node: { spec } }) =>
      warns(
        spec.name,
        `DA does not answer it on ${hostPort(host, port)}`,
        'as leader it could submit no block; the chain would go on, and DA would not have it',
        host === 'localhost' || host.startsWith('127.') || host === '::1'
          ? 'every host needs a DA node of its own there; or name an address in da.address that all hosts reach'
          : `open TCP ${port} to ${host} for this host, and see that DA runs`,
        `header.LocalHead asked from there, for ${timeoutMs / 1_000} s`,
      ),
    )
}
