import { homeOfStart } from '../../evnode/unit.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import type { UnitState } from '../host/systemd.ts'
import { blocks, type Finding, warns } from './finding.ts'
import type { HostProcess, StarterLine, Starters } from './starters.ts'

/** The processes among those found that run this very node. */
export function nodeProcesses(spec: NodeSpec, { processes }: Starters): readonly HostProcess[] {
  const running = processes.filter(({ argv, workingDirectory, program }) => {
    const started = homeOfStart(argv, workingDirectory)
    if (started === null) return false
    // Without --home it is the application's own default; then the program alone tells.
    return started === '' ? program === spec.binary : started === spec.home
  })
  return running.filter((one) => !running.some((other) => isLauncherOf(one, other)))
}

/** `sudo`, `runuser`, `nohup` and their like wait for the node, with its command line in their own. */
const isLauncherOf = (one: HostProcess, other: HostProcess) => other.parentPid === one.pid

/**
 * What runs this node or could start it besides its unit, and so past the fence, which holds only the unit. `homes`
 * are those of all nodes of the runbook.
 */
export function starterFindings(
  spec: NodeSpec,
  starters: Starters,
  unit: Pick<UnitState, 'mainPid'>,
  homes: readonly string[] = [],
): Finding[] {
  return [
    ...nodeProcesses(spec, starters)
      .filter((one) => !isOfUnit(one, spec.unit, unit.mainPid))
      .map((one) => besideUnit(spec, one)),
    ...starters.triggers.map((name) =>
      warns(
        spec.name,
        `${name} starts ${spec.unit} by itself`,
        'the fence refuses such a start of the old sequencer, but later it would meddle with a member of the cluster',
        `systemctl disable --now ${name}, at least until the migration is over`,
        `systemctl show ${spec.unit}: TriggeredBy=${name}`,
      ),
    ),
    ...starters.lines.flatMap((line) => lineFindings(spec, line, homes)),
  ]
}

/** The members get what the unit says; the chain so far ran with what its process was started with. */
export function startedOtherwise(
  spec: NodeSpec,
  { processes }: Starters,
  { mainPid }: Pick<UnitState, 'mainPid'>,
  unitArgv: readonly string[],
): Finding[] {
  const running = processes.find(({ pid }) => pid === mainPid)?.argv
  const words = unitArgv.slice(1)
  // An interpreter may stand before the program's own words.
  if (running === undefined || running.slice(-words.length).join('\0') === words.join('\0')) return []
  return [
    warns(
      spec.name,
      `its process ${mainPid} was started with another command line than ${spec.unit} has now`,
      'the members get what the unit says, and the chain may know something else',
      `compare: systemctl cat ${spec.unit}; ps -ww -fp ${mainPid}; if the unit is right, restart the sequencer once before the migration`,
      `/proc/${mainPid}/cmdline is not the ExecStart of ${spec.unit}`,
    ),
  ]
}

function isOfUnit({ pid, parentPid, cgroup }: HostProcess, unit: string, mainPid: number): boolean {
  if (mainPid !== 0 && (pid === mainPid || parentPid === mainPid)) return true
  return cgroup.split(/[\s/]/).includes(unit)
}

const containerGroups = /docker|containerd|libpod|crio|kubepods|lxc/

export const isInContainer = ({ cgroup }: HostProcess) => containerGroups.test(cgroup)

function besideUnit(spec: NodeSpec, one: HostProcess): Finding {
  const { pid, user } = one
  const evidence = `/proc/${pid} runs ${one.program} in ${one.workingDirectory}`
  return isInContainer(one)
    ? blocks(
        spec.name,
        `process ${pid} runs this node in a container`,
        'the fence holds a unit of systemd; a container is started past it, by its own restart policy too',
        'run the node by a unit of the host, without the container, and remove the container and its restart policy',
        evidence,
      )
    : blocks(
        spec.name,
        `process ${pid} of ${user} runs this node, outside of ${spec.unit}`,
        'a second process signs beside the unit, and the fence does not hold it',
        `ps -fp ${pid} shows what it is; end it, and whatever starts it`,
        evidence,
      )
}

function lineFindings(spec: NodeSpec, { file, line }: StarterLine, homes: readonly string[]): Finding[] {
  const home = line.includes(spec.binary) ? homeOfStart(line.split(/\s+/), '/') : null
  // Nodes of one runbook may share a host and a program, each with a home of its own.
  if (home !== null && home !== spec.home && homes.includes(home)) return []
  if (home !== null)
    return [
      blocks(
        spec.name,
        `${file} starts the node without its unit: ${line}`,
        'such a start goes past the fence: an old sequencer beside the cluster signs heights again',
        `take the line out of ${file}`,
        `grep ${spec.unit} ${file}`,
      ),
    ]
  if (!/\b(systemctl|service)\b/.test(line)) return []
  return [
    warns(
      spec.name,
      `${file} may start or stop ${spec.unit}: ${line}`,
      'the fence refuses its starts of the old sequencer, but what it stops in the window is gone back on, and later it takes a member away',
      `take the line out of ${file}, at least until the migration is over`,
      `grep ${spec.unit} ${file}`,
    ),
  ]
}
