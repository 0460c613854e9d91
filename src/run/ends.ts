import type { Failure } from '../base/errors.ts'
import type { Gate } from '../base/names.ts'
import type { StateView } from '../machine/decider.ts'
import { quote } from '../remote/render.ts'
import type { RunEnd, RunOutcome } from './api.ts'
import type { Stop } from './stop.ts'

/** The outcome a state stands for, whatever the process did last. */
export function outcomeOf(view: StateView, failure: Failure | null, driven: boolean): RunOutcome {
  if (view.path === 'done' || view.path === 'gate.finish' || view.path === 'finish') return 'migrated'
  if (view.path === 'aborted') return 'aborted'
  if (view.path === 'window.returned') return 'returned'
  if (view.path === 'rolledBack') return 'rolledBack'
  if (view.path === 'needsHuman') return 'needsHuman'
  if (failure !== null) return 'failed'
  if (view.gate !== null && !view.tags.has('chain-stopped')) return 'waiting'
  return driven ? 'waiting' : 'interrupted'
}

/** What went wrong last, or what turned the run back. */
export const lastFailure = ({ failure, returnFailure }: StateView['context']): Failure | null =>
  failure ?? returnFailure

/** Exit codes of the command line, by how the run stands (design section 2). */
export function exitCodeOf(view: StateView, stop: Stop): RunEnd['exitCode'] {
  if (stop.why === 'paused') return 130
  if (stop.why === 'tooLateToAbort') return 2
  if (view.path === 'needsHuman') return 6
  if (view.path === 'aborted' || view.path === 'window.returned' || view.path === 'rolledBack') return 5
  if (stop.why === 'waiting') return 4
  if (stop.why === 'failed') return codeOfFailure(view, stop.failure)
  return 0
}

function codeOfFailure(view: StateView, failure: Failure): RunEnd['exitCode'] {
  if (failure.kind === 'locked') return 7
  if (failure.kind === 'usage') return 2
  const preflight: readonly Failure['kind'][] = ['blocked', 'unreachable', 'refused', 'hostKey']
  if (preflight.includes(failure.kind) && (view.path === 'check' || view.path === 'gate.cutover')) return 3
  return failure.kind === 'contradiction' ? 6 : 1
}

/** The next command to type, or null when there is nothing left to do. */
export function nextCommand(view: StateView, run: string, chain: string, stateDir: string): string | null {
  const at = `--state-dir ${quote(stateDir)}`
  const confirm = (...gates: Gate[]) => gates.map((gate) => ` --confirm ${gate}=${chain}`).join('')
  if (view.path === 'done' || view.path === 'aborted' || view.path === 'rolledBack')
    return `evha report ${run} ${at}`
  if (view.path === 'needsHuman') return `evha report ${run} ${at}`
  if (view.gate === 'finish') return `evha resume ${run}${confirm('finish')} ${at}`
  if (view.gate === 'rollback') return `evha resume ${run}${confirm('rollback')} ${at}`
  // Only where the gate itself is waiting: a pasted command must not approve what nobody has looked at.
  const shown = view.context.evidence.cutover !== undefined
  if (view.gate === 'cutover' && shown) return `evha resume ${run}${confirm('cutover', 'commit')} ${at}`
  return `evha resume ${run} ${at}`
}

/** The same command without approvals: at a terminal the gate asks anew, with what is measured then. */
export const askedAnew = (command: string): string => command.replaceAll(/ --confirm \S+/g, '')
