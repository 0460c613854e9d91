import { reads } from '../../base/command.ts'
import { EvhaError } from '../../base/errors.ts'
import type { Remote } from '../../remote/remote.ts'
import { hostPort } from '../../runbook/address.ts'
import type { Host, StepContext } from '../step.ts'
import { blocks, type Finding, warns } from './finding.ts'

/** A packet that is dropped is never answered; a host that is there answers or refuses at once. */
const linkTimeoutMs = 4_000

/**
 * Tries every directed link between hosts, for Raft and P2P, with a connection that the host's own sshd opens. A port
 * that refuses is a link that works: nobody listens there yet. What a firewall drops gets no answer.
 */
export async function linkFindings(
  context: StepContext,
  p2pPortOf: (host: Host) => number,
): Promise<Finding[]> {
  const { nodes } = context
  const late = context.sleep(linkTimeoutMs).then(() => 'no answer')
  const tried = nodes.flatMap((from) =>
    nodes
      .filter((to) => to !== from)
      .flatMap((to) =>
        [['Raft', to.spec.raftPort] as const, ['P2P', p2pPortOf(to)] as const].map(async ([what, port]) => {
          const why = await whyNoLink(from, { host: to.spec.address, port }, late)
          return why === null ? null : finding(from, to, what, port, why)
        }),
      ),
  )
  const found = (await Promise.all(tried)).filter((one) => one !== null)
  // An sshd that forwards nothing says so for each of its links: once is enough.
  return [...new Map(found.map((one) => [`${one.host} ${one.what}`, one])).values()]
}

/**
 * Peers at whose sshd the source can not get in: their seeds will go through the workstation. The port is the one evha
 * dials; one that is forwarded on the way is only known by the host itself, and tried when it is needed.
 */
export async function seedingFindings(context: StepContext): Promise<Finding[]> {
  const { source, nodes, runbook } = context
  if (runbook.copy.via === 'relay' || !nodes.includes(source)) return []
  const late = context.sleep(linkTimeoutMs).then(() => 'no answer')
  const found = await Promise.all(
    nodes
      .filter((to) => to !== source)
      .map(async (to) => {
        const { port } = await to.remote.sshd()
        const { address } = to.spec
        const why = await whyNoLink(source, { host: address, port }, late, 'refused')
        // Said once already, of the links.
        if (why === null || /prohibited/.test(why)) return []
        return warns(
          source.spec.name,
          `it does not reach the sshd of ${to.spec.name} on ${hostPort(address, port)} (${why})`,
          'seeds for it go through this workstation, at its bandwidth, instead of from host to host',
          `open TCP ${port} from ${source.spec.address} to ${address}; or say \`copy.via: relay\` in the runbook`,
          `a connection from there to ${hostPort(address, port)}: ${why}`,
        )
      }),
  )
  return found.flat()
}

function finding(from: Host, to: Host, what: string, port: number, why: string): Finding {
  const { address } = to.spec
  return /prohibited/i.test(why)
    ? blocks(
        from.spec.name,
        'its sshd forwards no connections',
        'evha speaks with the node through them',
        'sshd_config: AllowTcpForwarding yes (or local) for this login, then systemctl reload ssh',
        `it refused to open a connection to ${hostPort(address, port)}: ${why}`,
      )
    : blocks(
        from.spec.name,
        `it does not reach ${to.spec.name} on ${hostPort(address, port)} (${why})`,
        `members speak ${what} with each other in both directions`,
        `open TCP ${port} from ${from.spec.address} to ${address} in the firewalls between them`,
        `a connection from there to ${hostPort(address, port)}: ${why}`,
      )
}

/** null when the link works, else the reason in a few words; `refusal` is what a port that refuses counts for. */
async function whyNoLink(
  from: Host,
  to: { readonly host: string; readonly port: number },
  late: Promise<string>,
  refusal: string | null = null,
): Promise<string | null> {
  const opened = from.remote.tunnel(to).then(
    (stream) => {
      stream.destroy()
      return null
    },
    (thrown: unknown) => {
      if (!(thrown instanceof EvhaError)) throw thrown
      if (thrown.kind !== 'failed') throw thrown
      return refusedIn(thrown.message, to.host) ?? refusal
    },
  )
  return Promise.race([opened, late])
}

/**
 * sshd's own words for why it could not connect; an answer of refusal came from the other host. Where its own kernel
 * refuses at once, by a route or a firewall, sshd says no more than "open failed"; on loopback that is a closed port.
 */
function refusedIn(message: string, host: string): string | null {
  const known = /prohibited|timed out|no route to host|unreachable|no answer/i.exec(message)
  if (known !== null) return known[0].toLowerCase()
  const loopback = host.startsWith('127.') || host === '::1'
  return !loopback && /open failed/i.test(message) ? 'refused by its own routes or firewall' : null
}

/** Largest average round trip between two hosts, ms; null when ping is not there or not allowed. */
export function largestRoundTrip({ nodes, signal }: StepContext): Promise<number | null> {
  return largestRoundTripOf(
    nodes.map(({ spec, remote }) => ({ name: spec.name, remote, address: spec.address })),
    signal,
  )
}

interface Pinging {
  readonly name: string
  readonly remote: Remote
  readonly address: string
}

/** The same for hosts that no runbook names yet. */
export async function largestRoundTripOf(
  hosts: readonly Pinging[],
  signal?: AbortSignal,
): Promise<number | null> {
  const links = hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to) => ({ from, to })))
  const rtts = await Promise.all(
    links.map(async ({ from, to }) => {
      const ping = reads(`measure the round trip to ${to.name}`, [
        ...(['ping', '-q', '-n', '-c', '3', '-i', '0.2', '-W', '1'] as const),
        to.address,
      ])
      const answer = await from.remote.run(ping, signal)
      if (answer.kind === 'unknown') return null
      const average = /= [\d.]+\/([\d.]+)\//.exec(answer.stdout)?.[1]
      return answer.exitCode === 0 && average !== undefined ? Number(average) : null
    }),
  )
  const known = rtts.filter((rtt) => rtt !== null)
  return known.length === links.length ? Math.max(...known) : null
}
