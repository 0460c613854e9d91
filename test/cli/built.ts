import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { heldToSchema } from '../json-held.ts'
import { outputOf } from '../output-of.ts'

const root = resolve(import.meta.dirname, '..', '..')
const entry = join(root, 'dist', 'cli', 'main.js')
const building = join(root, 'node_modules', '.evha-building')
const buildTimeoutMs = 60_000

/** Compiles src when dist is missing or older; who comes second waits for who builds. */
export async function built(): Promise<void> {
  const deadlineMs = Date.now() + buildTimeoutMs
  while (isStale()) {
    try {
      mkdirSync(building)
    } catch {
      if (Date.now() > deadlineMs) throw new Error(`nobody finished the build that holds ${building}`)
      await new Promise((wake) => setTimeout(wake, 100))
      continue
    }
    try {
      const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
      execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
        cwd: root,
        timeout: buildTimeoutMs,
      })
    } finally {
      rmdirSync(building)
    }
  }
}

function isStale(): boolean {
  const builtMs = statSync(entry, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const src = join(root, 'src')
  return readdirSync(src, { recursive: true, encoding: 'utf8' }).some(
    (name) => name.endsWith('.ts') && statSync(join(src, name)).mtimeMs > builtMs,
  )
}

export interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The real binary with a command line, off a terminal; `stdin` is piped into it. */
export async function evha(
  args: readonly string[],
  options: {
    readonly stdin?: string
    readonly env?: Readonly<Record<string, string>>
    /** Closes both its outputs before it can write. */
    readonly unread?: boolean
  } = {},
): Promise<Ended> {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, ...options.env },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  if (options.unread === true) {
    child.stdout.destroy()
    child.stderr.destroy()
  }
  child.stdin.on('error', () => undefined).end(options.stdin ?? '')
  const { code: exitCode, stdout, stderr } = await outputOf(child)
  heldToSchema(args, stdout)
  return { exitCode, stdout, stderr }
}
