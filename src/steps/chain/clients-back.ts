import type { ClientStand, ClientStands, ClientsBack } from '../facts.ts'
import type { Host, StepContext } from '../step.ts'
import { eventsSinceStart, takenBackIn } from './client-log.ts'
import { askClient, silence } from './client-stand.ts'
import { clientOf } from './execution.ts'

const timeoutMs = 3_000

/**
 * Where the execution clients of these hosts stand once the single sequencer produces again, and whether its node took its
 * client back at the start. Reads only, and never fails: on a way back nothing is left that could wait for it. Nothing is
 * asked on a chain without such clients.
 */
export async function clientsBack(
  context: StepContext,
  hosts: readonly Host[],
  height: number,
): Promise<ClientsBack> {
  if (context.onPaper || clientOf(context, context.source) === null) return {}
  const [stands, events] = await Promise.all([
    Promise.all(hosts.map((host) => standNow(context, host, height))),
    eventsSinceStart(context, context.source),
  ])
  const { name } = context.source.spec
  const clients: ClientStands = Object.fromEntries(
    hosts.map(({ spec }, i) => [spec.name, stands[i] ?? unasked]),
  )
  const takenBack = takenBackIn(events)
  if (takenBack !== null)
    context.tell(
      `${name}: its execution client was at block ${takenBack.from}, ahead of its store; the node took it back to ${takenBack.to} by itself`,
    )
  for (const [of, { why }] of Object.entries(clients)) if (why !== '') context.tell(`${of}: ${why}`)
  return { clients, ...(takenBack === null ? {} : { takenBack }) }
}

const unasked: ClientStand = { height: null, hash: null, why: 'its execution client was not asked' }

/** A client of a stopped member may stand above the chain: its node takes it back when it is started again. */
async function standNow(context: StepContext, host: Host, height: number): Promise<ClientStand> {
  const { latest } = await askClient(context, host, height, timeoutMs)
  if (latest.kind !== 'ok')
    return { height: null, hash: null, why: `its execution client ${silence(latest)}` }
  const { number, hash } = latest.value
  if (host !== context.source || number >= height) return { height: number, hash, why: '' }
  return {
    height: number,
    hash,
    why: `its execution client stands at block ${number} and its node at ${height}: is it the client that the node drives?`,
  }
}
