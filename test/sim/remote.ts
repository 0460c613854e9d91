import { PassThrough } from 'node:stream'
import type { Command } from '../../src/base/command.ts'
import { EvhaError } from '../../src/base/errors.ts'
import { Secret } from '../../src/base/secret.ts'
import type { FileToSend, Outcome, Remote, Running, Sshd } from '../../src/remote/remote.ts'
import { sendCommand } from '../../src/remote/send.ts'
import { unreachable } from '../unreachable.ts'
import type { Evha, Struck } from './evha.ts'
import { HostGround } from './ground.ts'
import type { SimHost } from './host.ts'
import type { Said } from './modelled.ts'
import { Text } from './shell/ground.ts'
import { Shell } from './shell/run.ts'
import { after, type Soon } from './shell/soon.ts'

/** A host that is cut off is noticed by the keepalive after so long, a new connection is given up after so long. */
const keepaliveMs = 4_000
const connectMs = 10_000

/** One for each who waits: a promise that lasts keeps all of them in memory. */
const never = (): Promise<never> => new Promise(() => undefined)

/** The door of one evha process to one host, over a network that can lose, delay and cut. */
export class Door implements Remote {
  readonly name: string
  readonly #evha: Evha
  readonly #host: SimHost
  #connected = false

  constructor(evha: Evha, host: SimHost) {
    this.name = host.name
    this.#evha = evha
    this.#host = host
  }

  run(command: Command, signal?: AbortSignal): Promise<Outcome> {
    const stdin = textOf(command.stdin)
    if (!this.#host.sim.bugs.has('unknown is repeated') || !command.mutates)
      return this.#do(command, signal, stdin)
    return this.#do(command, signal, stdin).then((outcome) =>
      outcome.kind === 'unknown' ? this.#do(command, signal, stdin) : outcome,
    )
  }

  async stream(command: Command, signal?: AbortSignal): Promise<Running> {
    const stdout = new PassThrough()
    const stdin = new PassThrough()
    await this.#connect()
    const over = this.#host.sim.timeline.flows()
    const given =
      command.stdin === undefined ? read(stdin, this.#evha, signal) : Promise.resolve(textOf(command.stdin))
    if (command.stdin !== undefined) stdin.resume()
    const done = given.then(async (text) => {
      if (text === null) return unknown('aborted', `${this.name}: stopped`)
      const outcome = await this.#do(command, signal, text)
      if (outcome.kind === 'finished' && outcome.stdout !== '') stdout.write(outcome.stdout)
      stdout.end()
      return outcome
    })
    done.then(over, () => {
      stdout.end()
      over()
    })
    return { stdin, stdout, done }
  }

  async send(file: FileToSend, path: string, signal?: AbortSignal): Promise<Outcome> {
    return this.run(sendCommand(file, path), signal)
  }

  async tunnel(to: { readonly host: string; readonly port: number }): Promise<never> {
    await this.#connect()
    const { sim } = this.#host
    const target = sim.hosts.find((host) => host.spec.address === to.host)
    if (target !== undefined && !this.#host.reaches(target)) return never()
    await this.#evha.wait(5)
    throw failed(`${this.name}: ${to.host}:${to.port} refused the connection`)
  }

  async sshd(): Promise<Sshd> {
    await this.#connect()
    return { port: 22, hostKey: `ssh-ed25519 ${this.name}` }
  }

  async close(): Promise<void> {}

  /** A question to the node's RPC or to DA, by the host's own network. */
  async ask<T>(timeoutMs: number, answer: () => T): Promise<T | 'timeout'> {
    await this.#connect()
    await this.#evha.wait(this.#latency())
    if (!this.#reached()) {
      await this.#evha.wait(timeoutMs)
      this.#connected = this.#reached()
      if (!this.#connected) return 'timeout'
    }
    return answer()
  }

  #reached(): boolean {
    return this.#host.up && !this.#evha.workstation.cutFrom.has(this.#host)
  }

  #latency(): number {
    return this.#host.sim.random.between(1, 6) * this.#host.slowness
  }

  async #connect(): Promise<void> {
    if (this.#evha.dead) return never()
    if (this.#connected) return
    if (!this.#reached()) {
      await this.#evha.wait(this.#host.up ? connectMs : connectMs / 4)
      if (!this.#reached()) throw unreachable(`${this.name} does not answer`)
    }
    this.#connected = true
  }

  async #do(command: Command, signal: AbortSignal | undefined, stdin: string): Promise<Outcome> {
    if (signal?.aborted === true) return unknown('aborted', `${this.name}: stopped before it started`)
    const evha = this.#evha
    evha.looks(this.#host, command)
    const fault = evha.point('send', this.#host, command.says)
    if (evha.dead && fault !== 'killedAfter') return never()
    await this.#connectUnlessDead(fault)
    if (fault === 'hung') {
      await evha.wait(command.timeoutMs)
      evha.unseen(this.#host, command)
      return unknown('timeout', `${this.name}: no end of "${command.says}" was seen in time`)
    }
    return new Promise<Outcome>((resolve) => this.#inFlight(command, signal, stdin, fault, resolve))
  }

  /** The last command of a process that dies at sending it arrives all the same. */
  async #connectUnlessDead(fault: Struck): Promise<void> {
    if (fault !== 'killedAfter') await this.#connect()
  }

  #inFlight(
    command: Command,
    signal: AbortSignal | undefined,
    stdin: string,
    fault: Struck,
    resolve: (outcome: Outcome) => void,
  ): void {
    const { sim } = this.#host
    const startedMs = sim.timeline.now
    let over = false
    const settle = (outcome: Outcome): void => {
      if (over) return
      over = true
      timeout()
      lost()
      deaf()
      if (outcome.kind === 'unknown') this.#evha.unseen(this.#host, command)
      if (!this.#evha.dead) resolve({ ...outcome, durationMs: sim.timeline.now - startedMs })
    }
    const abort = (): void => settle(unknown('aborted', `${this.name}: "${command.says}" was stopped`))
    const timeout = sim.timeline.in(command.timeoutMs, () =>
      settle(unknown('timeout', `${this.name}: no end of "${command.says}" was seen in time`)),
    )
    let cutSince: number | null = null
    let lost = (): void => undefined
    const look = (): void => {
      lost = sim.timeline.in(500, () => {
        cutSince = this.#reached() ? null : (cutSince ?? sim.timeline.now)
        if (cutSince === null || sim.timeline.now - cutSince < keepaliveMs - 1_000) return look()
        this.#connected = false
        settle(unknown('linkLost', `${this.name}: the link was lost during "${command.says}"`))
      })
    }
    look()
    if (fault === 'late')
      sim.timeline.in(keepaliveMs, () =>
        settle(unknown('linkLost', `${this.name}: the link was lost during "${command.says}"`)),
      )
    const deaf = this.#evha.listens(signal, abort)
    const answered = (code: number, out: string, err: string): void => {
      if (fault === 'late') return
      const deliver = (): void => {
        if (over) return
        if (!this.#reached()) return void sim.timeline.in(200, deliver)
        const late = fault ?? this.#evha.point('answer', this.#host, command.says)
        if (late === 'lostAnswer') {
          this.#connected = false
          return void sim.timeline.in(keepaliveMs, () =>
            settle(unknown('linkLost', `${this.name}: the link was lost during "${command.says}"`)),
          )
        }
        settle({
          kind: 'finished',
          exitCode: code,
          stdout: out,
          stderr: err,
          truncated: false,
          durationMs: 0,
        })
      }
      sim.timeline.in(this.#latency(), deliver)
    }
    // A packet that was held up somewhere: the command lands when nobody waits for it any more.
    if (fault === 'late') this.#connected = false
    sim.timeline.inside(fault === 'late' ? sim.random.between(5_000, 60_000) : this.#latency(), () => {
      if (fault === 'late') sim.tell(`a command lands late on ${this.name}: ${command.says}`)
      if (this.#reached() || (fault === 'late' && this.#host.up))
        execute(this.#host, command, stdin, answered, this.#evha.steps(this.#host, fault))
    })
  }
}

/** Runs a command on a host as its sshd does; what is returned kills it. */
export function execute(
  host: SimHost,
  command: Pick<Command, 'argv' | 'says' | 'under'>,
  stdin: string,
  ended: (code: number, out: string, err: string) => void,
  step?: () => void,
): () => void {
  const { argv, under } = command
  if (under !== undefined) return executeGuarded(host, { ...command, under }, stdin, ended, step)
  host.sim.meets(host, argv, stdin)
  const model = argv[0] === 'sh' && argv[1] === '-c' ? host.sim.modelled.get(argv[2] ?? '') : undefined
  if (model !== undefined) {
    let stop: () => void = () => undefined
    const answer = ({ code, out, err = '' }: Said): void => {
      stop = host.in(host.sim.random.between(1, 5) * host.slowness, () => ended(code, out, err))
    }
    const shells: Shell[] = []
    const said = model(host, argv.slice(4), stdin, (shell) => void shells.push(shell))
    if ('code' in said) answer(said)
    else
      stop = host.drive(
        () => answering(said, answer),
        () => undefined,
        step,
      )
    return () => {
      stop()
      for (const shell of shells) host.unlock(shell)
    }
  }
  const out = new Text()
  const err = new Text()
  const io = { stdin: { text: stdin }, out, err, files: new Map() }
  let free = (): void => undefined
  const stop = host.drive(
    (border) => {
      const ground = new HostGround(host, border)
      const shell = new Shell(ground, argv.slice(4))
      free = () => host.unlock(shell)
      const isScript = argv[0] === 'sh' && argv[1] === '-c'
      return isScript ? shell.script(host.sim.patch(argv[2] ?? ''), io) : ground.run(shell, argv, io)
    },
    (code) => {
      free()
      ended(code, out.text, err.text)
    },
    step,
  )
  return () => {
    stop()
    free()
  }
}

/** The guard of src/remote/guarded.ts: a look at the lease and the effect under one lock, as one piece. */
function executeGuarded(
  host: SimHost,
  {
    under: { leaseDir, mine },
    ...command
  }: Pick<Command, 'argv' | 'says'> & Required<Pick<Command, 'under'>>,
  stdin: string,
  ended: (code: number, out: string, err: string) => void,
  step?: () => void,
): () => void {
  const stands = host.files.read(`${leaseDir}/holder`)?.trimEnd() ?? 'none'
  if (!stands.startsWith(`${mine} `)) {
    host.in(1, () => ended(79, '', `evha-lease ${stands}\n`))
    return () => undefined
  }
  let stop: () => void = () => undefined
  const holder = {
    end: () => {
      host.guarded.delete(holder)
      stop()
      ended(143, '', '')
    },
  }
  host.guarded.add(holder)
  stop = execute(
    host,
    command,
    stdin,
    (code, out, err) => {
      if (host.guarded.delete(holder)) ended(code, out, err)
    },
    step,
  )
  return stop
}

function answering(work: Soon<Said>, answer: (said: Said) => void): Soon<number> {
  return after(work, (said) => {
    answer(said)
    return 0
  })
}

function read(stdin: PassThrough, evha: Evha, signal: AbortSignal | undefined): Promise<string | null> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    const deaf = evha.listens(signal, () => resolve(null))
    stdin.on('data', (part: Buffer) => parts.push(part))
    stdin.once('end', () => {
      deaf()
      resolve(Buffer.concat(parts).toString())
    })
    if (signal?.aborted === true) resolve(null)
  })
}

function textOf(stdin: Command['stdin']): string {
  if (stdin === undefined) return ''
  return stdin instanceof Secret ? stdin.reveal().toString() : stdin.toString()
}

const unknown = (why: 'linkLost' | 'timeout' | 'aborted', message: string): Outcome => ({
  kind: 'unknown',
  why,
  message,
  durationMs: 0,
})

const failed = (message: string): EvhaError =>
  new EvhaError({
    kind: 'failed',
    message,
    changedAnything: 'no',
    retryable: true,
    hint: 'nobody listens there',
  })
