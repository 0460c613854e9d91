import { leaseDir } from '../journal/lease-commands.ts'
import { type Guard, guarded } from '../remote/guarded.ts'
import type { Remote } from '../remote/remote.ts'
import type { Host } from '../steps/step.ts'

/** A host whose changing commands go through the guard, and the door past it. */
export interface Door extends Host {
  /** For taking the lease, which can not wait for its own guard. */
  readonly pastGuard: Remote
}

export const behindGuard = ({ spec, remote }: Host, guard: Guard): Door => ({
  spec,
  remote: guarded(remote, leaseDir(spec.paths), guard),
  pastGuard: remote,
})
