import { EvhaError } from '../../base/errors.ts'
import type { LogEvent } from '../../evnode/logs.ts'
import { must } from '../ask.ts'
import type { ClientStand, ClientStands, ClientsBack } from '../facts.ts'
import { eventsIn } from '../host/log.ts'
import { readUnit, showUnit } from '../host/systemd.ts'
import type { Host, StepContext } from '../step.ts'
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
    eventsSinceStart(context),
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

/** What the process of the single sequencer has logged; nothing where that can not be read now. */
async function eventsSinceStart(context: StepContext): Promise<readonly LogEvent[]> {
  const { source } = context
  try {
    const { invocation } = readUnit(await must(context, source, showUnit(source.spec.unit)))
    return await eventsIn(context, source, invocation)
  } catch (thrown) {
    if (!(thrown instanceof EvhaError) || context.signal.aborted) throw thrown
    return []
  }
}

/** Seen only where the node said both: that it was ahead, and that the way back was taken. */
export function takenBackIn(events: readonly LogEvent[]): { from: number; to: number } | null {
  const ahead = events.find((event) => event.kind === 'clientAhead')
  const back = events.find((event) => event.kind === 'clientTakenBack')
  return ahead?.kind === 'clientAhead' && back?.kind === 'clientTakenBack'
    ? { from: ahead.height, to: back.target }
    : null
}
