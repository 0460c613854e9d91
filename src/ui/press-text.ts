import type { StateView } from '../machine/decider.ts'

/** Which press of Ctrl-C it was: finish the step, stop now, leave at once. */
export type Press = 'soon' | 'now' | 'leave'

/**
 * What a press of Ctrl-C means for the run and, where the chain stands still or is about to, for the chain.
 * `signal` is how the operator knows it. Without a state nothing was begun.
 */
export function pressLines(press: Press, signal: string, state: StateView | null): string[] {
  const what = state === null ? 'what is under way' : `"${state.says}"`
  const open = state?.tags.has('chain-stopped') === true || state?.phase === 'window'
  if (press === 'leave') return [`${signal}: leaving at once`]
  if (press === 'now') {
    return [
      `${signal}: stopping now; what was under way is looked at when the run goes on`,
      ...(open ? [ifStopped(state)] : []),
    ]
  }
  if (!open) return [`${signal}: finishing ${what}, then stopping there; press Ctrl-C again to stop now`]
  return [
    `${signal}: the window is open, so the run does not stop here: it goes on to ${safePoint(state)}`,
    `press Ctrl-C again to stop now: ${state?.standing.workstation ?? 'the run is left where it is'}`,
  ]
}

const ifStopped = (state: StateView | null) =>
  `without this process ${state?.standing.workstation ?? 'nothing goes on'}`

/** The next point at which a run stops by itself with a chain that produces. */
function safePoint(state: StateView | null): string {
  if (state?.phase === 'abort') return 'a new block of the single sequencer'
  if (state?.phase === 'rollback') return 'a new block of the sequencer that goes on alone'
  if (state?.tags.has('irreversible') === true) return 'the first blocks of the cluster'
  return 'a chain that produces again, in the cluster or on the old sequencer'
}
