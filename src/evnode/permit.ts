import { EvhaError } from '../base/errors.ts'

/** Late in systemd's order, so that nothing of the operator's own is read after it. */
export const permitDropInName = '90-evha-permit.conf'

export type PermitMode = 'single' | 'raft'

export interface PermitDropIn {
  /** Which permit the unit of this drop-in needs. */
  readonly mode: PermitMode
  /** Absolute; survives a reboot. */
  readonly durableDir: string
  /** Absolute, below /run; dies with a reboot. */
  readonly volatileDir: string
}

/**
 * The drop-in by which a unit starts only while a permit file stands: `|` joins two asserts to "either". An Assert,
 * not a Condition, because a failed Condition makes `systemctl start` exit 0. It does not touch a running process.
 */
export function permitDropIn({ mode, durableDir, volatileDir }: PermitDropIn): string {
  const lines = [durableDir, volatileDir].map((dir) => `AssertPathExists=|${assertedPath(dir)}/${mode}`)
  return [
    '# Written by evha. While neither of these files stands, this unit can not be started:',
    '# they are the permit to sign blocks. `evha status` says who may hold it.',
    '[Unit]',
    ...lines,
    '',
  ].join('\n')
}

function assertedPath(dir: string): string {
  if (!dir.startsWith('/') || /[\n\r\\]/.test(dir) || dir !== dir.trim()) {
    throw new EvhaError({
      kind: 'usage',
      message: `${JSON.stringify(dir)} can not hold permits: it must be an absolute path without line ends or backslashes`,
      changedAnything: 'no',
      retryable: false,
      hint: 'change paths.evha or paths.run in the runbook',
    })
  }
  // systemd expands specifiers here.
  return dir.replace(/\/+$/, '').replaceAll('%', '%%')
}
