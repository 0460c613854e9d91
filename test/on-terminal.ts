import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readlinkSync } from 'node:fs'
import { quote } from '../src/remote/render.ts'

/** A real process on a real pseudo-terminal of its own. */
export interface OnTerminal {
  readonly process: ChildProcess
  /** Resolves when the terminal has shown this text, anew after what was shown before. */
  shows(text: string): Promise<void>
  type(keys: string): void
  /** Everything the terminal was sent so far. */
  screen(): string
  /** The exit code of the process; null when it was killed. */
  ended(): Promise<number | null>
  /** The pid of the process on the terminal. */
  pid(): number
  /** Another width, as when a window is dragged: the process gets SIGWINCH. */
  resize(columns: number): void
  /** Takes the terminal away, as a closed window or a lost login does; resolves when the process has ended. */
  hangUp(): Promise<void>
}

/** Starts `script`, which gives the words a terminal. `endMs`: neither a text nor the end is waited for longer. */
export function onTerminal(words: readonly string[], endMs: number, columns = 80): OnTerminal {
  const env: NodeJS.ProcessEnv = { ...process.env, TERM: 'xterm' }
  delete env['CI']
  const command = `stty cols ${columns} rows 30; exec ${words.map(quote).join(' ')}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: endMs,
    killSignal: 'SIGKILL',
  })
  const closed = once(child, 'close')
  let screen = ''
  let seen = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
  })
  // `script` runs the words through exec: its only child is their process.
  const pid = () =>
    Number(execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' }).trim())
  return {
    process: child,
    shows: async (text) => {
      for (let waitedMs = 0; waitedMs < endMs; waitedMs += 20) {
        const at = screen.indexOf(text, seen)
        if (at >= 0) {
          seen = at + text.length
          return
        }
        if (child.exitCode !== null) break
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      throw new Error(`the terminal never showed ${JSON.stringify(text)}:\n${screen}`)
    },
    type: (keys) => {
      child.stdin.write(keys)
    },
    screen: () => screen,
    ended: async () => {
      await closed
      return child.exitCode
    },
    pid,
    resize: (width) => {
      const terminal = readlinkSync(`/proc/${pid()}/fd/2`)
      execFileSync('stty', ['-F', terminal, 'cols', String(width)])
    },
    hangUp: async () => {
      const orphan = pid()
      child.kill('SIGKILL')
      for (let waitedMs = 0; lives(orphan); waitedMs += 50) {
        if (waitedMs > endMs)
          throw new Error(`process ${orphan} outlived its terminal by ${endMs} ms:\n${screen}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
  }
}

/** False also for a process that nobody has buried yet. */
function lives(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
