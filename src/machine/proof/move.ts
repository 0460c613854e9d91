import type { Pilot } from './pilot.ts'
import type { Run, World } from './world.ts'

/** Somebody beside the operator: a copy of the journal that nobody uses yet, or a second one at work. */
export type Second =
  | { readonly kind: 'copy'; readonly pilot: Pilot }
  | { readonly kind: 'awake'; readonly pilot: Pilot; readonly run: Run }

/** One moment of everything: the run, whoever is beside it, and the hosts. */
export interface Moment {
  readonly pilot: Pilot
  readonly second: Second | null
  readonly world: World
}

/** How one moment follows from another. */
export interface Move {
  /** What happens, as a sentence. */
  readonly says: string
  readonly to: Moment
  /** An operator who wants on and hosts that do what they are told are enough for it. */
  readonly fair: boolean
  /** Who changes the world, when it is a run: its approvals count. */
  readonly by: Pilot | null
  /** The gate without which this may not happen. */
  readonly needs: string | null
}
