import type { ChildProcess } from 'node:child_process'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Limit {
  /** The command, as whoever reads the failure would type it. */
  readonly says?: string
  /** What takes longer is killed, and its promise rejects with what it had printed. */
  readonly timeoutMs?: number
}

const printedMax = 4_000
const atWork = new Set<() => string>()

/**
 * All that a process writes, and how it ends. Rejects when it can not be started, and when its time is over: with the
 * command and the last of what it had printed.
 */
export function outputOf(child: ChildProcess, { says, timeoutMs }: Limit = {}): Promise<Ended> {
  const begunMs = performance.now()
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const told = () => {
    const seconds = ((performance.now() - begunMs) / 1_000).toFixed(1)
    const printed = `${stdout.slice(-printedMax)}\n${stderr.slice(-printedMax)}`.trim()
    return `${says ?? child.spawnargs.join(' ')} (${seconds} s) had printed: ${printed || 'nothing'}`
  }
  atWork.add(told)
  let timer: NodeJS.Timeout | undefined
  return new Promise<Ended>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => done({ code, stdout, stderr }))
    if (timeoutMs === undefined) return
    timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(new Error(`killed, it took too long: ${told()}`))
    }, timeoutMs)
  }).finally(() => {
    clearTimeout(timer)
    atWork.delete(told)
  })
}

/** Something else that a test waits for, and how far it is. */
export function whileAtWork<T>(told: () => string, work: Promise<T>): Promise<T> {
  atWork.add(told)
  return work.finally(() => atWork.delete(told))
}

/** The commands that have not ended, with what they have printed: what a test that ran out of time was waiting for. */
export const commandsAtWork = (): string[] => [...atWork].map((told) => told())
