import { clientFlags, type ExecutionClient } from '../../evnode/execution.ts'
import { urlTarget, withoutLogin } from '../../evnode/json-rpc.ts'
import { hostPort } from '../../runbook/address.ts'
import { clientOn } from '../chain/execution.ts'
import type { Host } from '../step.ts'
import { blocks, type Finding, warns } from './finding.ts'

/** What is wrong with where the nodes have their clients. `client` is as the flags of the sequencer's unit have it. */
export function placeFindings(nodes: readonly Host[], client: ExecutionClient): Finding[] {
  return [
    ...nodes.flatMap((host) => urlFindings(host, client)),
    ...nodes.flatMap((host) => elsewhere(host, clientOn(host, client))),
    ...oneClientTwice(nodes, client),
  ]
}

const addresses = [
  { key: 'ethUrl', what: 'JSON-RPC' },
  { key: 'engineUrl', what: 'Engine API' },
] as const

/** The node also takes WebSocket and a socket's path; evha asks by HTTP, and keeps no login that stands in a flag. */
function urlFindings(host: Host, client: ExecutionClient): Finding[] {
  const { name, execution } = host.spec
  return addresses.flatMap(({ key, what }) => {
    if (execution?.[key] !== undefined) return []
    const url = client[key]
    const cure = `name an address by which it is asked over HTTP in the runbook: nodes[].execution.${key}`
    if (!/^https?:\/\//i.test(url))
      return [
        blocks(
          name,
          `the address of its execution client's ${what} is no HTTP address`,
          'evha asks the clients over HTTP; what it can not ask, it can not prove',
          cure,
          `${clientFlags[key]} begins with ${/^[a-z]+:\/\//i.exec(url)?.[0] ?? 'no scheme'}`,
        ),
      ]
    if (withoutLogin(url) === url.replace(/\/$/, '').toLowerCase()) return []
    return [
      blocks(
        name,
        `the address of its execution client's ${what} carries a login or a path`,
        'that may be a key, and a run writes its addresses down',
        cure,
        `${clientFlags[key]} has more than ${withoutLogin(url)}`,
      ),
    ]
  })
}

/** Loopback is another client on each host. */
const isLoopback = (host: string) => /^(localhost|127\..*|::1)$/.test(host)

/** A client behind a link that may be cut; and its clock, its disk and its service are not those that check looks at. */
function elsewhere({ spec }: Host, { engineUrl }: ExecutionClient): Finding[] {
  const target = urlTarget(engineUrl)
  if (target === undefined || isLoopback(target.host) || isOf(spec, target.host)) return []
  return [
    warns(
      spec.name,
      `its execution client is on another host: ${target.host}`,
      'the node stands still when that host or the way to it is gone, and evha sees neither its disk nor its clock',
      `run the client on ${spec.name} itself, or see to that host yourself`,
      `the Engine API is at ${withoutLogin(engineUrl)}; ${spec.name} is ${[spec.address, spec.ssh.host].join(', ')}`,
    ),
  ]
}

const isOf = ({ address, ssh }: Host['spec'], host: string) => host === address || host === ssh.host

/** Two nodes with one client would drive it to two heads, or read what another node drives. */
export function oneClientTwice(nodes: readonly Host[], client: ExecutionClient): Finding[] {
  return addresses.flatMap(({ key, what }) => {
    const places = nodes.map((host) => placeOf(nodes, host, clientOn(host, client)[key]))
    return nodes.flatMap((host, k) => {
      const first = places.indexOf(places[k] ?? '')
      const other = nodes[first]
      if (places[k] === '' || other === undefined || first === k) return []
      return [
        blocks(
          host.spec.name,
          `it has the same execution client as ${other.spec.name}: ${what} at ${withoutLogin(clientOn(host, client)[key])}`,
          'two nodes would drive it to two heads',
          `give each node a client of its own, and name it in the runbook: nodes[].execution.${key}`,
          'the flags of the unit and the runbook',
        ),
      ]
    })
  })
}

/** Host and port, the same for every name under which the runbook knows the host; '' for what is no URL. */
function placeOf(nodes: readonly Host[], host: Host, url: string): string {
  const target = urlTarget(url)
  if (target === undefined) return ''
  const owner = isLoopback(target.host) ? host : nodes.find(({ spec }) => isOf(spec, target.host))
  return hostPort(owner?.spec.ssh.host ?? target.host, target.port)
}
