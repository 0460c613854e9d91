// A workstation that something befalls: drives a run in a process of its own, over real SSH, and is struck at one point of it.
// What can not be made to happen at a named point from outside is made in here: no flag of evha can.
import { spawn } from 'node:child_process'
import fs, { appendFileSync, fsyncSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { Command } from '../../src/base/command.ts'
import { failureOf } from '../../src/base/errors.ts'
import type { Gate } from '../../src/base/names.ts'
import { die } from '../../src/journal/crash-point.ts'
import { labControl } from '../../src/lab/control.ts'
import { audited } from '../../src/remote/audit.ts'
import type { Outcome, Remote, Running } from '../../src/remote/remote.ts'
import { retrying } from '../../src/remote/retry.ts'
import { sendCommand } from '../../src/remote/send.ts'
import { openSsh } from '../../src/remote/ssh.ts'
import { sshRoute } from '../../src/remote/ssh-route.ts'
import type { DriveOptions } from '../../src/run/api.ts'
import { abortRun, resumeRun, rollbackRun, startRun } from '../../src/run/drive.ts'
import { realWorld } from '../../src/run/world.ts'
import { silentObserver } from '../run/silent-observer.ts'
import type { FaultKind } from '../sim/faults.ts'
import { isSame, type Point } from './cells.ts'

/** What the process is told, as JSON in its first argument. */
export interface Plan {
  readonly verb: Point['by']
  readonly runbook: string
  readonly stateDir: string
  readonly chain: string
  readonly confirms: readonly Gate[]
  /** What the terminal answers at a gate that is not confirmed. */
  readonly answer: 'declined' | 'later'
  readonly fault: { readonly kind: FaultKind; readonly point: Point } | null
  /** Gets every point as a line of JSON, or the one that was struck. */
  readonly points: string
  /** What the second operator types. */
  readonly second: readonly string[]
}

const plan = JSON.parse(process.argv[2] ?? '') as Plan
const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
/** So late after a command began that it has left, on an idle machine, and mostly not ended. */
const underWayMs = 15
/** A command that hangs is given up after its own time limit, or this. */
const hungMs = 30_000
const clockStepMs = 20_000

let state = 'begin'
let isStruck = false
let isDiskFull = false
const passed = new Map<string, number>()
const beside: Promise<unknown>[] = []
let told = ''

/** The same words in every lab and run. */
const inGeneral = (says: string): string =>
  says
    .replaceAll(plan.stateDir, '')
    .replaceAll(/lab-chain-[\w-]+/g, 'RUN')
    .replaceAll(/\b[0-9a-f]{32,}\b/g, 'ID')
    .replaceAll(/\d{2,}/g, 'N')

/** What strikes here. A repeated command is one point, its first time. */
function comesTo(at: Point['at'], says: string, often = false): FaultKind | null {
  const what = inGeneral(says)
  const key = `${at} ${state} ${what}`
  const nth = (passed.get(key) ?? 0) + 1
  passed.set(key, nth)
  const point: Point = { by: plan.verb, at, state, what, nth }
  if (plan.fault === null) {
    if (!often || nth === 1) appendFileSync(plan.points, `${JSON.stringify(point)}\n`)
    return null
  }
  if (isStruck || !isSame(point, plan.fault.point)) return null
  isStruck = true
  writeFileSync(plan.points, JSON.stringify(point))
  const { kind } = plan.fault
  if (kind === 'clock step') stepClock(nth)
  if (kind === 'a second operator') secondOperator()
  return kind
}

function stepClock(nth: number): void {
  const { now } = Date
  Date.now = () => now() + (nth % 2 === 0 ? clockStepMs : -clockStepMs)
}

function secondOperator(): void {
  const child = spawn(process.execPath, [main, ...plan.second], { stdio: 'ignore' })
  beside.push(
    new Promise((resolve) => child.once('close', resolve)).then((code) => {
      told = `; the second one: exit ${code}`
    }),
  )
}

const noRoom = (): Error => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })

/** Names a line of the journal; null when it is none. */
function lineIn(bytes: Buffer): string | null {
  if (!bytes.subarray(0, 7).equals(Buffer.from('{"seq":'))) return null
  const record = JSON.parse(bytes.toString()) as {
    type: string
    step?: string
    gate?: string
    event?: { type: string }
  }
  return [record.type, record.step ?? record.gate ?? record.event?.type].filter(Boolean).join(' ')
}

const write = fs.writeSync as (file: number, bytes: Buffer, offset: number, length: number) => number

/** Half of a line is written, and nothing any more after it. */
function half(file: number, bytes: Buffer): void {
  write(file, bytes, 0, Math.ceil(bytes.length / 2))
}

function written(file: number, bytes: Buffer, offset: number, length: number): number {
  if (isDiskFull && file > 2) throw noRoom()
  const line = offset === 0 && Buffer.isBuffer(bytes) ? lineIn(bytes) : null
  switch (line === null ? null : comesTo('append', line)) {
    case 'kill before it':
      return die()
    case 'kill in the middle of it':
      half(file, bytes)
      return die()
    case 'kill after it':
      write(file, bytes, 0, bytes.length)
      fsyncSync(file)
      return die()
    case 'disk full on the workstation':
      isDiskFull = true
      half(file, bytes)
      throw noRoom()
    default:
      return write(file, bytes, offset, length)
  }
}
fs.writeSync = written as typeof fs.writeSync
syncBuiltinESMExports()

const lost = (name: string, says: string): Outcome => ({
  kind: 'unknown',
  why: 'linkLost',
  message: `${name}: the link was lost during "${says}"`,
  durationMs: 0,
})

/** In its place something that never answers: the SSH session hangs, and nothing of the command was done. */
function hanging({ under: _, stdin: __, ...command }: Command): Command {
  return { ...command, argv: ['sleep', '600'], timeoutMs: Math.min(command.timeoutMs, hungMs) }
}

/** The door to a host below everything that repeats or guards. */
function struckDoor(remote: Remote): Remote {
  const { name } = remote
  const answered = (command: Command, outcome: Outcome): Outcome =>
    comesTo('answer', `${name}: ${command.says}`, command.often) === 'lost answer'
      ? lost(name, command.says)
      : outcome
  const leaving = (command: Command): { command: Command; kind: FaultKind | null } => {
    const kind = comesTo('send', `${name}: ${command.says}`, command.often)
    if (kind === 'kill before it') die()
    if (kind === 'kill in the middle of it') setTimeout(die, underWayMs)
    if (kind === 'host reboots') beside.push(labControl(plan.stateDir, 'reboot', name))
    return { command: kind === 'hung SSH' ? hanging(command) : command, kind }
  }
  const run = async (given: Command, signal?: AbortSignal): Promise<Outcome> => {
    const { command, kind } = leaving(given)
    const outcome = remote.run(command, signal)
    if (kind === 'kill after it') return outcome.finally(die)
    return answered(given, await outcome)
  }
  return {
    name,
    run,
    async stream(given, signal): Promise<Running> {
      const { command, kind } = leaving(given)
      const running = await remote.stream(command, signal)
      const done = running.done.then((outcome) =>
        kind === 'kill after it' ? die() : answered(given, outcome),
      )
      done.catch(() => {
        // Whoever awaits `done` sees it.
      })
      return { ...running, done }
    },
    send: (file, path, signal) => run(sendCommand(file, path), signal),
    tunnel: (to) => remote.tunnel(to),
    sshd: () => remote.sshd(),
    close: () => remote.close(),
  }
}

const options: DriveOptions = {
  stateDir: plan.stateDir,
  confirms: new Map(plan.confirms.map((gate) => [gate, plan.chain])),
  approver: { ask: () => Promise.resolve(plan.answer) },
  observer: {
    ...silentObserver,
    entered: ({ path }) => {
      state = path
    },
  },
  world: {
    ...realWorld,
    openHosts: ({ nodes }, note) =>
      Promise.all(
        nodes.map(async (spec) => {
          const ssh = openSsh(await sshRoute(spec.ssh, { name: spec.name }))
          return { spec, remote: retrying(audited(struckDoor(ssh), note)) }
        }),
      ),
  },
  stopNow: new AbortController().signal,
  stopSoon: () => false,
}

const verbs = {
  migrate: () => startRun(plan.runbook, options),
  resume: () => resumeRun(undefined, options),
  abort: () => abortRun(undefined, options),
  rollback: () => rollbackRun(undefined, options),
}
const said = await verbs[plan.verb]().then(
  ({ outcome, failure }) => `${outcome}${failure === null ? '' : `: ${failure.message}`}`,
  (thrown: unknown) => `refused: ${failureOf(thrown).message}`,
)
await Promise.allSettled(beside)
process.stdout.write(`${said}${told}\n`)
