import type { Gate, StepName } from '../../base/names.ts'
import type { Run, Size, World } from './world.ts'

/** Where a change happens: who does it, and how large the cluster is. */
export interface Scene extends Size {
  readonly run: Run
}

/** One change of the world that is whole or not at all; evha may die before and after each. */
export interface Act {
  /** What happens, as a person would say it. */
  readonly says: string
  /** The worlds it can lead to; none where it can not happen. What does not answer is what it does not change. */
  readonly to: (world: World, scene: Scene) => readonly World[]
  /** One may count on it: a unit that has its permit comes up again. */
  readonly sure?: boolean
}

/** What a step does to the world and when it counts as done: the step's file in `src/steps`, in a few lines. */
export interface Effect {
  /** The gate without whose approval the step may change nothing. */
  readonly needs: Gate | null
  /** What it changes, in any order, each any number of times: a crash and a resume in the middle are among it. */
  readonly acts: readonly Act[]
  /** What its verify answers in this world; null while it would say "not yet". */
  readonly done: (world: World, scene: Scene) => readonly unknown[] | null
}

/** The effect of every step the machine can ask for. A step without one does not compile. */
export type Effects = { readonly [K in StepName]: Effect }

export const nothing = {}

export const act = (says: string, to: Act['to']): Act => ({ says, to })
/** One answer when the condition holds. */
export const when = (holds: boolean, output: unknown = nothing): readonly unknown[] | null =>
  holds ? [output] : null
/** The one world an act leads to, when it can happen. */
export const given = (holds: boolean, world: () => World): readonly World[] => (holds ? [world()] : [])
