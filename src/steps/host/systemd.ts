import { type Command, changes, reads, script } from '../../base/command.ts'

/** The properties of a unit that evha reads, as systemd names them. */
export interface UnitState {
  readonly load: string
  readonly active: string
  readonly sub: string
  readonly result: string
  readonly mainPid: number
  readonly execMainStatus: number
  readonly invocation: string
  readonly fragmentPath: string
  readonly dropIns: readonly string[]
  readonly unitFileState: string
  readonly needsReload: boolean
  readonly user: string
}

const properties = [
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'MainPID',
  'ExecMainStatus',
  'InvocationID',
  'FragmentPath',
  'DropInPaths',
  'UnitFileState',
  'NeedDaemonReload',
  'User',
]

/** As systemctl wants them. */
export const propertyOption = `--property=${properties.join(',')}`

export function showUnit(unit: string): Command {
  return reads(`read the state of ${unit}`, ['systemctl', 'show', unit, propertyOption])
}

/** Reads `systemctl show`; a property systemd left out is empty. */
export function readUnit(shown: string): UnitState {
  const value = new Map(
    shown.split('\n').map((line) => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
  )
  const text = (name: string) => value.get(name) ?? ''
  return {
    load: text('LoadState'),
    active: text('ActiveState'),
    sub: text('SubState'),
    result: text('Result'),
    mainPid: Number(text('MainPID')) || 0,
    execMainStatus: Number(text('ExecMainStatus')) || 0,
    invocation: text('InvocationID'),
    fragmentPath: text('FragmentPath'),
    dropIns: text('DropInPaths').split(' ').filter(Boolean),
    unitFileState: text('UnitFileState'),
    needsReload: text('NeedDaemonReload') === 'yes',
    user: text('User'),
  }
}

/** A unit whose process runs, or is on its way up or down. */
export function isUp(state: UnitState): boolean {
  return state.active !== 'inactive' && state.active !== 'failed'
}

export const startUnit = (unit: string) => changes(`start ${unit}`, ['systemctl', 'start', unit])
export const stopUnit = (unit: string, timeoutMs = 60_000) =>
  changes(`stop ${unit}`, ['systemctl', 'stop', unit], { timeoutMs })
export const killUnit = (unit: string) =>
  changes(`kill ${unit}`, ['systemctl', 'kill', '--signal=SIGKILL', unit])
export const reloadUnits = () => changes('reload the unit files', ['systemctl', 'daemon-reload'])
export const enableUnit = (unit: string) => changes(`enable ${unit}`, ['systemctl', 'enable', unit])
export const disableUnit = (unit: string) => changes(`disable ${unit}`, ['systemctl', 'disable', unit])
export const resetFailed = (unit: string) =>
  changes(`forget failed starts of ${unit}`, ['systemctl', 'reset-failed', unit])

/** Ends a transient unit and makes its name free again; fails when it still runs. One that is not there is fine. */
export const endTransient = (unit: string) =>
  changes(
    `end ${unit}`,
    script(
      `systemctl stop "$1" 2>/dev/null || true
systemctl reset-failed "$1" 2>/dev/null || true
! systemctl --quiet is-active "$1" >/dev/null`,
      unit,
    ),
    { timeoutMs: 60_000 },
  )

/** What the unit logged in one invocation, oldest first. */
export const logOf = (invocation: string, linesMax = 5_000) =>
  reads(`read the log of invocation ${invocation}`, [
    'journalctl',
    '--no-pager',
    '--quiet',
    // The node's own times are whole seconds; the journal's are not.
    '-o',
    'short-unix',
    '-n',
    String(linesMax),
    `_SYSTEMD_INVOCATION_ID=${invocation}`,
  ])

/** The boot id: another one means the host rebooted in between. */
export const bootId = () => reads('read the boot id', ['systemd-id128', 'boot-id'])
