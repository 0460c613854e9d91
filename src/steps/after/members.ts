import { EvhaError } from '../../base/errors.ts'
import { must } from '../ask.ts'
import { heightOf } from '../chain/head.ts'
import { hostsNamed } from '../commit/start-quorum.ts'
import { readUnit, showUnit, type UnitState } from '../host/systemd.ts'
import { fact, type Host, type StepContext } from '../step.ts'

/** Who belongs to the cluster: the peers with proved content, and the source. */
export const membersOf = (context: StepContext): Host[] => [
  ...hostsNamed(context, fact(context, 'proveEqual').equal),
  context.source,
]

/** A member as it was seen in one look. */
export interface Seen {
  readonly host: Host
  /** null: the host does not answer. */
  readonly unit: UnitState | null
  readonly height: number | null
  readonly isLeader: boolean
  /** Why its RPC did not say whether it leads; null when it did, or was not asked: the unit is not active. */
  readonly notOpen: string | null
}

/** All members at once, one look each: unit, then head and role where it is up. */
export function lookAtMembers(context: StepContext): Promise<Seen[]> {
  return Promise.all(membersOf(context).map((host) => look(context, host)))
}

async function look(context: StepContext, host: Host): Promise<Seen> {
  const nothing = { host, height: null, isLeader: false, notOpen: null }
  try {
    const unit = readUnit(await must(context, host, showUnit(host.spec.unit)))
    if (unit.active !== 'active') return { ...nothing, unit }
    const [height, role] = await Promise.all([heightOf(context, host), context.rpc(host).raftNode()])
    const isOpen = role.kind === 'ok'
    return {
      host,
      unit,
      height,
      isLeader: isOpen && role.value.isLeader,
      notOpen: isOpen ? null : role.kind,
    }
  } catch (thrown) {
    if (!(thrown instanceof EvhaError) || context.signal.aborted) throw thrown
    return { ...nothing, unit: null }
  }
}
