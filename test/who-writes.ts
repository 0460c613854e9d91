// Who may write while a workstation has lost its links to all hosts: what each standing of the machine says, as names.
import { type StateFacts, stateFacts } from '../src/machine/graph.ts'
import type { StandingName } from '../src/machine/standing.ts'

export const [oldSequencer, cluster, nobody] = ['the old sequencer', 'the cluster', ''] as const
type Writers = typeof oldSequencer | typeof cluster | typeof nobody

/** Any of these, by whether the decision has fallen. */
export const promised: { readonly [K in StandingName]: (committed: boolean) => readonly Writers[] } = {
  alone: () => [oldSequencer],
  fencing: () => [oldSequencer],
  stopped: () => [oldSequencer],
  warm: () => [oldSequencer],
  deciding: (committed) => [committed ? nobody : oldSequencer],
  starting: () => [nobody, cluster],
  joining: () => [cluster],
  cluster: () => [cluster],
  goingBack: () => [oldSequencer],
  backAlone: () => [oldSequencer],
  asked: () => [cluster],
  rollingBack: (committed) => (committed ? [cluster, nobody] : [nobody, oldSequencer]),
  halting: () => [nobody],
  unknown: () => [nobody],
}

/** Every state in which a run is at work. Only a height that was signed twice leads to `halt` and what follows: `guards` has that. */
export const statesAtWork: readonly StateFacts[] = stateFacts().filter(
  ({ final, path }) => !final && path !== 'halt' && path !== 'needsHuman',
)
