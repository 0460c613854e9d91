import type { HookName } from '../base/names.ts'
import type { StateView } from '../machine/decider.ts'
import type { LoadedRunbook } from '../runbook/load.ts'
import type { Facts } from '../steps/facts.ts'
import type { RunEnd } from './api.ts'

/** What a hook is told, variable by variable. Nothing here is secret; what is not known yet is not set. */
export const hookVariables = {
  EVHA_HOOK: 'the name of the point',
  EVHA_HOOK_TIMES:
    'how many times this hook was begun in this attempt, this time included; 1 unless it runs again',
  EVHA_CHAIN_ID: 'the chain id',
  EVHA_RUN: 'the id of the run',
  EVHA_RUN_DIR: 'the directory of the run: journal, log, runbook; also the working directory of the hook',
  EVHA_STATE_DIR: 'the state directory, for `evha status --state-dir`',
  EVHA_ATTEMPT: 'which attempt at the window it is, from 1',
  EVHA_STATE: 'the state of the run, as in docs/states.md',
  EVHA_PHASE: 'its phase: prepare, gate, window, commit, after, abort, rollback or end',
  EVHA_SAYS: 'the sentence of the state',
  EVHA_CHAIN_STOPPED: '`yes` while no sequencer produces, else `no`',
  EVHA_SOURCE: 'the node that was the single sequencer',
  EVHA_NODES: 'the names of all nodes, separated by spaces',
  EVHA_BUDGET_SECONDS: 'how long the chain may stand still',
  EVHA_PREDICTED_MS: 'the gap as predicted at the cutover gate',
  EVHA_LAST_OLD_HEIGHT: 'the last block of the single sequencer, once it is stopped',
  EVHA_FIRST_CLUSTER_HEIGHT: 'the first block of the cluster, once it was seen',
  EVHA_GAP_MS: 'the time between these two blocks',
  EVHA_FAILURE: 'what went wrong last, or what turned the run back',
  EVHA_OUTCOME:
    'only at `ended`: migrated, aborted, returned, rolledBack, waiting, interrupted, failed or needsHuman',
  EVHA_EXIT_CODE: 'only at `ended`: the exit code of the process, see docs/exit-codes.md',
  EVHA_NEXT: 'only at `ended`: the command that goes on, if there is one',
} as const

type Variable = keyof typeof hookVariables

interface Told {
  readonly hook: HookName
  readonly times: number
  readonly run: string
  readonly runDir: string
  readonly stateDir: string
  readonly runbook: LoadedRunbook
  readonly view: StateView
  readonly end?: RunEnd
}

/** The variables of one call. */
export function hookEnvironment(told: Told): Readonly<Partial<Record<Variable, string>>> {
  const { view, runbook, end } = told
  const facts = view.context.facts as Partial<Facts>
  const seen = facts.soak ?? facts.verifyElection
  const failure = end?.failure ?? view.context.failure ?? view.context.returnFailure
  const all: Readonly<Record<Variable, string | number | null | undefined>> = {
    EVHA_HOOK: told.hook,
    EVHA_HOOK_TIMES: told.times,
    EVHA_CHAIN_ID: runbook.chain,
    EVHA_RUN: told.run,
    EVHA_RUN_DIR: told.runDir,
    EVHA_STATE_DIR: told.stateDir,
    EVHA_ATTEMPT: view.context.attempt,
    EVHA_STATE: view.path,
    EVHA_PHASE: view.phase,
    EVHA_SAYS: view.says,
    EVHA_CHAIN_STOPPED: view.tags.has('chain-stopped') ? 'yes' : 'no',
    EVHA_SOURCE: runbook.source.name,
    EVHA_NODES: runbook.nodes.map(({ name }) => name).join(' '),
    EVHA_BUDGET_SECONDS: runbook.window.budgetSeconds,
    EVHA_PREDICTED_MS: facts.weighCutover?.predictedMs,
    EVHA_LAST_OLD_HEIGHT: facts.stopSource?.height,
    EVHA_FIRST_CLUSTER_HEIGHT: seen?.firstClusterHeight,
    EVHA_GAP_MS: seen === undefined ? null : seen.firstBlockTimeMs - seen.lastBlockTimeMs,
    EVHA_FAILURE: failure?.message,
    EVHA_OUTCOME: end?.outcome,
    EVHA_EXIT_CODE: end?.exitCode,
    EVHA_NEXT: end?.next,
  }
  const known = Object.entries(all).flatMap(([name, value]) =>
    // A NUL can stand in no variable; a host's words may hold one.
    value === null || value === undefined ? [] : [[name, String(value).replaceAll('\0', '')]],
  )
  return Object.fromEntries(known)
}
