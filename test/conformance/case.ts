import type { Ground } from './ground.ts'
import type { Observation } from './observation.ts'

/** One thing evha relies on, brought about on a node and looked at. */
export interface Case {
  readonly name: string
  /** What of evha would be wrong if the node did otherwise. */
  readonly reliedOnBy: string
  readonly see: (ground: Ground) => Promise<Observation>
}

export function aCase(name: string, reliedOnBy: string, see: Case['see']): Case {
  return { name, reliedOnBy, see }
}
