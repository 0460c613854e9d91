import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { leaseSeconds } from '../../src/journal/lease.ts'
import { hostFiles, type LabInfo } from '../../src/lab/layout.ts'

/**
 * The seconds for which another workstation waits for a silent holder are over on every host, at once: thousands of
 * cells would wait for hours. What the holder left on the hosts has as little time to end as under a resume.
 */
export function passLease({ hosts }: LabInfo): void {
  for (const { dir } of hosts) {
    const alive = join(hostFiles(dir).evha, 'lease', 'alive')
    const [boot = '', heard = ''] = textIn(alive).split(/\s/)
    if (boot === '' || boot === 'released') continue
    writeFileSync(alive, `${boot} ${Math.max(0, Number(heard) - leaseSeconds - 1)}\n`)
  }
}

/** Whoever goes on has set the hosts' clocks right. */
export function setClocksRight({ hosts }: LabInfo): void {
  for (const { dir } of hosts) rmSync(join(hostFiles(dir).bin, 'date'), { force: true })
}

function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
