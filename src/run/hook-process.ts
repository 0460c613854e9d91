import { type ChildProcess, spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'

/** How a hook ended. */
export interface HookEnd {
  /** The exit code, a signal, `timeout`, `stopped`, or why it could not be started. */
  readonly exit: number | string
  readonly durationMs: number
  /** The end of what it wrote, both streams together. */
  readonly said: string
}

interface HookCall {
  readonly command: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
  readonly timeoutMs: number
  /** Stops it at once. */
  readonly signal: AbortSignal
}

/** Of what a hook writes so much is kept, from its end. */
const saidBytesMax = 8 * 1024
/** A process that the hook left behind may hold its output open; nobody waits longer for that. */
const outputGraceMs = 500

/**
 * Runs a hook on this workstation, in a process group of its own: Ctrl-C is the run's affair, not the hook's.
 * Never throws; when its time is up the whole group is killed.
 */
export function runHook({ command, environment, cwd, timeoutMs, signal }: HookCall): Promise<HookEnd> {
  const startedMs = performance.now()
  const [program, ...words] = command
  const child = spawn(program, words, {
    cwd,
    detached: true,
    env: { ...ownWithoutOurs(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = Buffer.alloc(0)
  const keep = (bytes: Buffer) => {
    said = Buffer.concat([said, bytes]).subarray(-saidBytesMax)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return new Promise((resolve) => {
    let why: 'timeout' | 'stopped' | null = null
    const stop = (reason: 'timeout' | 'stopped') => {
      why ??= reason
      killGroup(child)
    }
    const stopped = () => stop('stopped')
    const timer = setTimeout(() => stop('timeout'), timeoutMs)
    const end = (exit: number | string) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stopped)
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ exit, durationMs: performance.now() - startedMs, said: said.toString('utf8') })
    }
    child.on('error', (error) =>
      end(`not started: ${(error as NodeJS.ErrnoException).code ?? error.message}`),
    )
    child.on('exit', (code, killedBy) => {
      const exit = why ?? code ?? killedBy ?? 'unknown'
      const late = setTimeout(() => end(exit), outputGraceMs)
      child.on('close', () => {
        clearTimeout(late)
        end(exit)
      })
    })
    signal.addEventListener('abort', stopped, { once: true })
    if (signal.aborted) stopped()
  })
}

/** The operator's own environment, so that a hook finds its tools; what evha is driven by stays out of it. */
function ownWithoutOurs(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('EVHA_')))
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It was over already.
  }
}
