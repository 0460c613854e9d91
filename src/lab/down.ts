import { rmSync } from 'node:fs'
import { EvhaError } from '../base/errors.ts'
import { labControl } from './control.ts'
import { labFiles } from './layout.ts'
import { processesMarked } from './marked-processes.ts'
import { pipeOf } from './shim-calls.ts'

const goneTimeoutMs = 10_000

/** Stops everything a lab started and removes its directory; a lab that is not there is fine. */
export async function labDown({ stateDir }: { readonly stateDir: string }): Promise<void> {
  // A lab whose process is dead does not answer; what it left is found by its mark.
  await labControl(stateDir, 'down').catch(() => undefined)
  await clearRemains(stateDir)
}

/** Ends what carries the lab's mark and removes its files. */
export async function clearRemains(stateDir: string): Promise<void> {
  const files = labFiles(stateDir)
  const deadlineMs = Date.now() + goneTimeoutMs
  for (;;) {
    const left = processesMarked(files.socket)
    if (left.length === 0) break
    if (Date.now() > deadlineMs) throw stillThere(left)
    for (const pid of left) kill(pid)
    await new Promise((wake) => setTimeout(wake, 100))
  }
  rmSync(files.dir, { recursive: true, force: true })
  rmSync(files.socket, { force: true })
  rmSync(pipeOf(files.socket), { force: true })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}

function stillThere(pids: readonly number[]): EvhaError {
  return new EvhaError({
    kind: 'failed',
    message: `processes of the lab do not end: ${pids.join(', ')}`,
    changedAnything: 'yes',
    retryable: true,
    hint: 'look at them with ps, then `evha lab down` once more',
  })
}
