import type { NodeSpec } from '../../runbook/load.ts'
import type { Host } from '../step.ts'

/** A full node listens so far from its member; below where systems take the ports of outgoing connections from. */
const above = 20_000
const below = 12_500
const ephemeralFrom = 32_768
export const away = (port: number) => (port + above < ephemeralFrom ? port + above : port - below)

/** The unit of the full node: one for each unit of a node, as one host may hold several nodes. */
export const warmUpUnit = (spec: NodeSpec) => `evha-warm-up-${spec.unit}`

/** While this file is missing, no full node can be started; it dies with a reboot. */
export const warmUpPermit = (spec: NodeSpec) => `${spec.paths.run}/permits/warm-up`

/**
 * The full node of a peer as a node of its own: beside the seed in the member's home, with unit, ports and a directory of
 * evha's that are no member's.
 */
export function fullNodeOf({ spec, remote }: Host): Host {
  const own: NodeSpec = {
    ...spec,
    home: `${spec.home}/warm-up`,
    unit: warmUpUnit(spec),
    rpc: { host: spec.rpc.host, port: away(spec.rpc.port) },
    ...(spec.p2pPort === undefined ? {} : { p2pPort: away(spec.p2pPort) }),
    paths: { ...spec.paths, evha: `${spec.paths.evha}/warm-up` },
  }
  return { spec: own, remote }
}

/** Where its unit file lies. */
export const warmUpUnitPath = (spec: NodeSpec) => `${spec.paths.units}/${warmUpUnit(spec)}`
