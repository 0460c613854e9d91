import { HostGround } from './ground.ts'
import type { SimHost } from './host.ts'
import { SimNode } from './node.ts'
import { Text } from './shell/ground.ts'
import { Shell } from './shell/run.ts'

/** A process that somebody watches over. */
export interface Running {
  readonly pid: number
  /** SIGTERM. */
  term(): void
  /** SIGKILL. */
  kill(): void
  /** The host goes down under it. */
  vanish(): void
}

export interface Spawn {
  readonly argv: readonly string[]
  readonly invocation: string
  readonly isolated: boolean
  readonly exited: (code: number | null) => void
}

/** Starts what a unit or a detached job runs. Throws for a program that nobody has modelled. */
export function spawn(host: SimHost, { argv, invocation, isolated, exited }: Spawn): Running {
  const [program = '', ...args] = argv
  const name = program.split('/').at(-1)
  if (name === 'testapp' && args.includes('start'))
    return new SimNode(host, argv, invocation, isolated, exited)
  if (name === 'flock' && args[0] === '-n' && args[2] === 'sleep')
    return new LockHolder(host, args[1] ?? '', exited)
  if (name === 'sleep') return new LockHolder(host, null, exited)
  if (name === 'sh') return new Script(host, args, invocation, exited)
  throw new Error(`nobody has modelled the program ${argv.join(' ')}`)
}

/** `flock -n DIR sleep N`: the guard. */
class LockHolder implements Running {
  readonly pid: number
  readonly #host: SimHost
  readonly #exited: (code: number | null) => void
  #gone = false

  /** `path` null: it sleeps and holds nothing. */
  constructor(host: SimHost, path: string | null, exited: (code: number | null) => void) {
    this.pid = host.nextPid()
    this.#host = host
    this.#exited = exited
    if (path !== null && !host.lock(path, this)) host.in(1, () => this.#end(1))
  }

  term(): void {
    this.#end(null)
  }

  kill(): void {
    this.#end(null)
  }

  vanish(): void {
    this.#gone = true
  }

  #end(code: number | null): void {
    if (this.#gone) return
    this.#gone = true
    this.#host.unlock(this)
    this.#exited(code)
  }
}

/** A script as the main process of a unit. */
class Script implements Running {
  readonly pid: number
  readonly #stop: () => void
  #free: () => void = () => undefined
  #gone = false
  readonly #exited: (code: number | null) => void

  constructor(
    host: SimHost,
    args: readonly string[],
    invocation: string,
    exited: (code: number | null) => void,
  ) {
    this.pid = host.nextPid()
    this.#exited = exited
    const isText = args[0] === '-c'
    const script = isText ? args[1] : host.files.read(args[0] ?? '')
    const out = { write: (text: string) => host.log(invocation, `sh[${this.pid}]: ${text.trimEnd()}`) }
    const io = { stdin: { text: '' }, out, err: new Text(), files: new Map() }
    // One that waits for nothing is over before whoever starts it knows of it: its end is told a moment later.
    this.#stop = host.drive(
      (border) => {
        const shell = new Shell(new HostGround(host, border), args.slice(isText ? 3 : 1))
        this.#free = () => host.unlock(shell)
        return shell.script(script ?? 'exit 127', io)
      },
      (code) => void host.in(1, () => this.#end(code)),
    )
  }

  term(): void {
    this.kill()
  }

  kill(): void {
    this.#stop()
    this.#free()
    this.#end(null)
  }

  vanish(): void {
    this.#gone = true
  }

  #end(code: number | null): void {
    if (this.#gone) return
    this.#gone = true
    this.#exited(code)
  }
}
