import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { environmentValue, execWords, parseExecLine, plainValue } from '../evnode/exec-start.ts'
import { unitList, unitValue } from '../evnode/unit.ts'
import { pathsHold } from './assertions.ts'
import { spanMs } from './span.ts'
import type { LoadedUnit } from './unit-text.ts'

export type ActiveState = 'inactive' | 'activating' | 'active' | 'deactivating' | 'failed'

export type StartAnswer = 'started' | 'running' | 'assertionFailed' | 'conditionFailed' | 'limited' | 'failed'

interface Surroundings {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  log(line: { invocation: string; pid: number; tag: string; message: string }): void
}

/** systemd's own: five starts in ten seconds, then the unit is failed for good (evnode.md A4d). */
const startLimit = { burst: 5, intervalMs: 10_000 }
const restartMs = 100
const stopTimeoutMs = 90_000

/** One service of one host: what systemd does with it, as far as a node and evha can tell. */
export class Service {
  readonly name: string
  loaded: LoadedUnit
  active: ActiveState = 'inactive'
  sub = 'dead'
  result = 'success'
  mainPid = 0
  restarts = 0
  execCode = 0
  execStatus = 0
  invocation = ''
  assertResult = 'no'
  startedAt = ''
  exitedAt = ''
  readonly #around: Surroundings
  #child: ChildProcess | undefined
  #starts: number[] = []
  #stopping = false
  #timer: NodeJS.Timeout | undefined
  #waiting: (() => void)[] = []
  /** The start under way, while commands before it still run: whoever else asks shares it. */
  #starting: Promise<boolean> | undefined

  constructor(name: string, loaded: LoadedUnit, around: Surroundings) {
    this.name = name
    this.loaded = loaded
    this.#around = around
  }

  /** Starts the service; judged by its assertions each time, by hand or by a restart alike. */
  async start(): Promise<StartAnswer> {
    if (this.active === 'deactivating') await this.#ended()
    if (this.active === 'active') return 'running'
    if (this.#starting !== undefined) return (await this.#starting) ? 'running' : 'failed'
    clearTimeout(this.#timer)
    if (!pathsHold(this.loaded.unit, 'AssertPathExists')) {
      this.assertResult = 'no'
      if (this.active === 'activating') this.#settle('inactive', 'dead', this.result)
      return 'assertionFailed'
    }
    this.assertResult = 'yes'
    if (!pathsHold(this.loaded.unit, 'ConditionPathExists')) return 'conditionFailed'
    if (this.#overLimit()) {
      this.#settle('failed', 'failed', 'start-limit-hit')
      return 'limited'
    }
    const starting = this.#spawn()
    this.#starting = starting
    const isUp = await starting
    if (this.#starting === starting) this.#starting = undefined
    return isUp ? 'started' : 'failed'
  }

  /** SIGTERM to the group, SIGKILL when that takes too long; resolves when the process is gone. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    const child = this.#child
    if (child === undefined) {
      this.#stopping = true
      if (this.active === 'activating') this.#settle('inactive', 'dead', 'success')
      await this.#starting
      return
    }
    this.#stopping = true
    this.active = 'deactivating'
    this.sub = 'stop-sigterm'
    this.kill('SIGTERM')
    const timeoutMs = spanMs(unitValue(this.loaded.unit, 'Service', 'TimeoutStopSec')) ?? stopTimeoutMs
    const timer = setTimeout(() => this.kill('SIGKILL'), timeoutMs)
    await this.#ended()
    clearTimeout(timer)
  }

  kill(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch {
      // It is gone already.
    }
  }

  resetFailed(): void {
    this.#starts = []
    this.restarts = 0
    if (this.active === 'failed') this.#settle('inactive', 'dead', 'success')
  }

  /** The host loses power: no restart, no stop, the state of a fresh boot. */
  async powerOff(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stopping = true
    this.kill('SIGKILL')
    if (this.#child !== undefined) await this.#ended()
    this.#settle('inactive', 'dead', 'success')
    this.invocation = ''
    this.#starts = []
  }

  #ended(): Promise<void> {
    return this.#child === undefined
      ? Promise.resolve()
      : new Promise((resolve) => this.#waiting.push(resolve))
  }

  #settle(active: ActiveState, sub: string, result: string): void {
    this.active = active
    this.sub = sub
    this.result = result
  }

  #overLimit(): boolean {
    const { unit } = this.loaded
    const burst = Number(unitValue(unit, 'Unit', 'StartLimitBurst') ?? startLimit.burst)
    const interval = unitValue(unit, 'Unit', 'StartLimitIntervalSec')
    const intervalMs =
      interval === undefined ? startLimit.intervalMs : (spanMs(interval) ?? startLimit.intervalMs)
    if (intervalMs === 0) return false
    const now = Date.now()
    this.#starts = this.#starts.filter((at) => now - at < intervalMs)
    if (this.#starts.length >= burst) return true
    this.#starts.push(now)
    return false
  }

  async #spawn(): Promise<boolean> {
    this.invocation = randomBytes(16).toString('hex')
    this.#stopping = false
    this.#settle('activating', 'start-pre', 'success')
    for (const line of unitList(this.loaded.unit, 'Service', 'ExecStartPre')) {
      const ended = await this.#once(line)
      // Stopped meanwhile: what was to come must not come.
      if (this.#stopping) return false
      if (ended === 0) continue
      this.#settle('failed', 'failed', 'exit-code')
      this.#log(0, `${this.name}: Control process exited, code=exited, status=${ended}`)
      return false
    }
    const [program, ...args] = wordsOf(unitList(this.loaded.unit, 'Service', 'ExecStart')[0] ?? '')
    if (program === undefined) {
      this.#settle('failed', 'failed', 'resources')
      return false
    }
    const child = spawn(program, args, {
      cwd: unitValue(this.loaded.unit, 'Service', 'WorkingDirectory') ?? this.#around.cwd,
      env: this.#environment(),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.mainPid = child.pid ?? 0
    this.execCode = 0
    this.execStatus = 0
    this.startedAt = new Date().toUTCString()
    this.#settle('active', 'running', 'success')
    this.#log(0, `Started ${this.name} - ${unitValue(this.loaded.unit, 'Unit', 'Description') ?? this.name}.`)
    this.#read(child, basename(program))
    const ended = this.invocation
    child.once('error', () => this.#exited(ended, 203, null))
    child.once('close', (code, signal) => this.#exited(ended, code, signal))
    this.#limitRuntime(ended)
    return true
  }

  #limitRuntime(invocation: string): void {
    const limitMs = spanMs(unitValue(this.loaded.unit, 'Service', 'RuntimeMaxSec'))
    if (limitMs === undefined) return
    setTimeout(() => {
      if (this.invocation === invocation && this.#child !== undefined) {
        this.result = 'timeout'
        this.kill('SIGKILL')
      }
    }, limitMs).unref()
  }

  #read(child: ChildProcess, program: string): void {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue
      const { invocation } = this
      createInterface({ input: stream }).on('line', (message) =>
        this.#around.log({ invocation, pid: child.pid ?? 0, tag: `${program}[${child.pid ?? 0}]`, message }),
      )
    }
  }

  #log(pid: number, message: string): void {
    this.#around.log({ invocation: this.invocation, pid, tag: 'systemd[1]', message })
  }

  /** A command before the start; `+` and `-` before it are systemd's. */
  #once(line: string): Promise<number> {
    const tolerant = parseExecLine(line).prefixes.includes('-')
    const [program = '', ...args] = wordsOf(line)
    return new Promise((resolve) => {
      const child = spawn(program, args, { cwd: this.#around.cwd, env: this.#environment(), stdio: 'ignore' })
      child.once('error', () => resolve(203))
      child.once('close', (code) => resolve(tolerant ? 0 : (code ?? 1)))
    })
  }

  #environment(): Record<string, string> {
    const { unit } = this.loaded
    const env: Record<string, string> = { ...this.#around.env, INVOCATION_ID: this.invocation }
    for (const line of unitList(unit, 'Service', 'Environment'))
      for (const word of execWords(line)) assign(env, environmentValue(word))
    for (const file of unitList(unit, 'Service', 'EnvironmentFile')) {
      const path = file.replace(/^-/, '')
      if (existsSync(path))
        for (const line of readFileSync(path, 'utf8').split('\n')) assign(env, unquoted(line))
    }
    if (unitValue(unit, 'Service', 'PrivateNetwork') === 'yes') env['EVHA_STANDIN_PRIVATE_NETWORK'] = '1'
    return env
  }

  #exited(invocation: string, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.invocation !== invocation || this.#child === undefined) return
    this.#child = undefined
    this.mainPid = 0
    this.exitedAt = new Date().toUTCString()
    this.execCode = signal === null ? 1 : 2
    this.execStatus = code ?? signalNumbers[signal ?? ''] ?? 0
    const clean = code === 0 || (this.#stopping && signal === 'SIGTERM')
    const result = clean
      ? 'success'
      : this.result === 'timeout'
        ? 'timeout'
        : signal === null
          ? 'exit-code'
          : 'signal'
    const asked = this.#stopping
    this.#settle(clean ? 'inactive' : 'failed', clean ? 'dead' : 'failed', result)
    this.#log(
      0,
      `${this.name}: Main process exited, code=${signal === null ? 'exited' : 'killed'}, status=${this.execStatus}`,
    )
    for (const resolve of this.#waiting.splice(0)) resolve()
    if (!asked && this.#restarts(clean)) this.#restartLater()
  }

  #restarts(clean: boolean): boolean {
    const policy = unitValue(this.loaded.unit, 'Service', 'Restart') ?? 'no'
    return policy === 'always' || (policy === 'on-failure' && !clean)
  }

  #restartLater(): void {
    const waitMs = spanMs(unitValue(this.loaded.unit, 'Service', 'RestartSec')) ?? restartMs
    this.#settle('activating', 'auto-restart', this.result)
    this.#timer = setTimeout(() => {
      this.restarts += 1
      void this.start()
    }, waitMs)
  }
}

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
}

const wordsOf = (line: string): string[] => (line === '' ? [] : parseExecLine(line).words.map(plainValue))

/** A line of an environment file; a value in double quotes is taken out of them. */
const unquoted = (line: string) =>
  line.trim().replace(/="((?:[^"\\]|\\.)*)"$/, (_, value: string) => `=${value.replaceAll(/\\(.)/g, '$1')}`)

function assign(env: Record<string, string>, text: string): void {
  const at = text.indexOf('=')
  if (at > 0 && !text.startsWith('#')) env[text.slice(0, at)] = text.slice(at + 1)
}
