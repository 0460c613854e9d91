import type { HostGround } from '../ground.ts'
import type { SimHost } from '../host.ts'
import type { Io } from '../shell/ground.ts'
import type { Shell } from '../shell/run.ts'
import type { Soon } from '../shell/soon.ts'

/** A program that is called by a script. */
export interface Call {
  readonly host: SimHost
  readonly ground: HostGround
  readonly shell: Shell
  readonly io: Io
}

export type Tool = (call: Call, args: readonly string[]) => Soon<number>

/** Programs by their names. */
export type Tools = Readonly<Record<string, Tool>>

/** Options and operands; `--` ends the options. */
export function split(args: readonly string[]): { options: string[]; names: string[] } {
  const options: string[] = []
  const names: string[] = []
  let over = false
  for (const arg of args) {
    if (!over && arg === '--') over = true
    else if (!over && arg.startsWith('-') && arg !== '-') options.push(arg)
    else names.push(arg)
  }
  return { options, names }
}

export const complain = ({ io }: Call, text: string): number => {
  io.err.write(`${text}\n`)
  return 1
}

export const absolute = ({ shell }: Call, path: string): string =>
  path.startsWith('/') ? path : `${shell.cwd ?? ''}/${path}`

/** Another program by its argv, as a child of this one. */
export function child(call: Call, argv: readonly string[]): Soon<number> {
  return call.ground.run(call.shell, argv, call.io)
}
