import type { NodeConfig } from '../../evnode/config.ts'
import { type ConfigProblem, configProblems } from '../../evnode/config-problems.ts'
import { dataDirName, homeFiles } from '../../evnode/home.ts'
import { versionProblem } from '../../evnode/version.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import type { UnitState } from '../host/systemd.ts'
import { lockDir } from '../host/tree.ts'
import { signerPath, unitPath } from '../host/unit-files.ts'
import { blocks, type Finding, warns } from './finding.ts'
import type { Survey } from './survey.ts'

/** What is wrong with the live sequencer. */
export function sourceFindings(
  spec: NodeSpec,
  survey: Survey,
  unit: UnitState,
  config: NodeConfig,
): Finding[] {
  const found: Finding[] = []
  if (unit.active !== 'active')
    found.push(
      blocks(
        spec.name,
        `${spec.unit} is ${unit.active || 'unknown to systemd'}`,
        'the migration starts from a running sequencer under systemd',
        `systemctl status ${spec.unit}; name the right unit in the runbook`,
        `systemctl show: ActiveState=${unit.active}, SubState=${unit.sub}, Result=${unit.result}`,
      ),
    )
  for (const path of strayFiles(spec, unit))
    found.push(
      blocks(
        spec.name,
        `${path} is part of ${spec.unit}`,
        `evha changes, keeps and puts back only what lies in ${spec.paths.units}, and only what is this unit's own`,
        `cp ${path} ${path === unit.fragmentPath ? spec.paths.units : ownDropIns(spec)}/ && systemctl daemon-reload: the copy counts instead`,
        'systemctl show: FragmentPath and DropInPaths',
      ),
    )
  if (unit.needsReload)
    found.push(
      blocks(
        spec.name,
        `a file of ${spec.unit} changed after systemd read it`,
        'evha reloads systemd while it prepares, and the next start would be another than the last one',
        `see what changed: systemctl cat ${spec.unit}; then: systemctl daemon-reload`,
        'systemctl show: NeedDaemonReload=yes',
      ),
    )
  if (unit.unitFileState !== 'enabled')
    found.push({
      ...warns(
        spec.name,
        `${spec.unit} is not enabled`,
        'after a reboot of the host the chain would stand still',
        `systemctl enable ${spec.unit}`,
        `systemctl show: UnitFileState=${unit.unitFileState}`,
      ),
      ...(unit.unitFileState === 'disabled'
        ? {
            fix: {
              commands: [['systemctl', 'enable', spec.unit]],
              undo: `systemctl disable ${spec.unit}`,
            },
          }
        : {}),
    })
  if (survey.signerIsMount)
    found.push(
      blocks(
        spec.name,
        `${signerPath(spec)} is a mount of its own`,
        'evha sets the key aside by a rename while the chain stands still, so that nothing else can sign, and a mount can not be renamed',
        `cp -p ${signerPath(spec)} ${signerPath(spec)}.own && umount ${signerPath(spec)} && mv ${signerPath(spec)}.own ${signerPath(spec)}: the node has its key in memory; or mount the whole directory`,
        `/proc/self/mountinfo has ${signerPath(spec)}`,
      ),
    )
  if (!survey.storeThere)
    found.push(
      blocks(
        spec.name,
        `there is no database ${spec.db} below ${homeFiles(spec.home).data}`,
        'evha must hold the lock of the very database that the node opens',
        'name it in the runbook: node.db',
        `there is no directory ${lockDir(spec)}`,
      ),
    )
  if (config.dbPath !== dataDirName)
    found.push(
      blocks(
        spec.name,
        `db_path is ${config.dbPath}`,
        'this version copies only data below the home',
        'move the databases to HOME/data',
        `db_path in ${homeFiles(spec.home).config} and the flags of ${spec.unit}`,
      ),
    )
  const version = versionProblem(survey.binaryVersion)
  if (version !== null)
    found.push(fromProblem(spec, version, `${spec.binary} version: ${survey.binaryVersion.slice(0, 80)}`))
  const evidence = `${homeFiles(spec.home).config}, and the flags of ${spec.unit} above it`
  for (const problem of configProblems(config)) found.push(fromProblem(spec, problem, evidence))
  return found
}

const ownDropIns = (spec: NodeSpec) => `${unitPath(spec)}.d`

/** A packaged unit below /usr/lib, drop-ins for all services: a copy of the same name in the unit's own place wins. */
function strayFiles(spec: NodeSpec, unit: UnitState): readonly string[] {
  const isUnitStray = unit.fragmentPath !== '' && unit.fragmentPath !== unitPath(spec)
  return [
    ...(isUnitStray ? [unit.fragmentPath] : []),
    ...unit.dropIns.filter((path) => !path.startsWith(`${ownDropIns(spec)}/`)),
  ]
}

function fromProblem(spec: NodeSpec, problem: ConfigProblem, evidence: string): Finding {
  const level = problem.blocks ? blocks : warns
  return level(spec.name, problem.problem, problem.why, problem.cure, evidence)
}
