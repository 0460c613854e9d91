import { failureOf } from '../base/errors.ts'
import { dangerousNames, unitEnvironment } from './environment.ts'
import { nodeCommand } from './node-command.ts'
import { type Unit, unitValue } from './unit-file.ts'

/** Why a unit can not become a cluster member's, each with its cure. */
export interface UnitProblem {
  readonly problem: string
  readonly why: string
  readonly cure: string
}

const yes = (value: string | undefined) => ['yes', 'true', 'on', '1'].includes(value?.toLowerCase() ?? '')

/** Blockers in the unit of the sequencer. `moreNames` are names from its environment files. */
export function unitProblems(unit: Unit, moreNames: readonly string[] = []): readonly UnitProblem[] {
  return [
    ...commandProblems(unit),
    ...assertProblems(unit),
    ...serviceProblems(unit),
    ...environmentProblems(unit, moreNames),
  ]
}

function commandProblems(unit: Unit): readonly UnitProblem[] {
  try {
    nodeCommand(unit)
    return []
  } catch (thrown) {
    const { message, hint } = failureOf(thrown)
    return [{ problem: message, why: 'evha must know and change the very command that runs', cure: hint }]
  }
}

/** systemd joins all asserts with `|` to one "either": one of the operator's own would open the fence. */
function assertProblems(unit: Unit): readonly UnitProblem[] {
  return unit.entries
    .filter(
      ({ section, key, value }) => section === 'Unit' && key.startsWith('Assert') && value.startsWith('|'),
    )
    .map(({ key, value }) => ({
      problem: `the unit has ${key}=${value}`,
      why: 'systemd takes all asserts with | as alternatives, so this one would let a fenced node start',
      cure: 'take the | away, or the line out',
    }))
}

function serviceProblems(unit: Unit): readonly UnitProblem[] {
  const service = (key: string) => unitValue(unit, 'Service', key)
  const problems: UnitProblem[] = []
  const type = service('Type')?.toLowerCase()
  if (type === 'forking' || type === 'oneshot' || type === 'notify') {
    problems.push({
      problem: `the unit has Type=${type}`,
      why: 'the node neither forks nor notifies: systemd could not tell whether it runs',
      cure: 'set Type=simple or Type=exec',
    })
  }
  if (yes(service('RemainAfterExit'))) {
    problems.push({
      problem: 'the unit has RemainAfterExit=yes',
      why: 'a dead node would be shown as running',
      cure: 'take the line out',
    })
  }
  if (yes(service('DynamicUser'))) {
    problems.push({
      problem: 'the unit has DynamicUser=yes',
      why: 'the owner of the files changes with every start, so nothing can be copied for it',
      cure: 'give the service a user of its own',
    })
  }
  return problems
}

function environmentProblems(unit: Unit, moreNames: readonly string[]): readonly UnitProblem[] {
  return dangerousNames([...unitEnvironment(unit), ...moreNames]).map(({ name, why }) => ({
    problem: `the environment of the unit sets ${name}`,
    why,
    cure: `take ${name} out of Environment= or of the environment file`,
  }))
}
