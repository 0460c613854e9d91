import type { Shell } from './run.ts'
import type { Soon } from './soon.ts'
import type { Node } from './tree.ts'

/** Where a command of the shell writes. */
export interface Out {
  write(text: string): void
}

export class Text implements Out {
  text = ''
  write(text: string): void {
    this.text += text
  }
}

/** A file that a descriptor above 2 holds open; locks belong to it. */
export interface OpenFile {
  readonly path: string
}

export interface Io {
  /** What is left to be read, and the file it is read from, where it is one. */
  stdin: { text: string; path?: string }
  out: Out
  err: Out
  files: Map<number, OpenFile>
}

/** What the shell stands on: files and programs of a simulated host. */
export interface Ground {
  readText(path: string): string | null
  writeText(path: string, text: string, append: boolean): boolean
  isDirectory(path: string): boolean
  /** The paths that an absolute pattern stands for, sorted. */
  paths(glob: string): readonly string[]
  /** A program by its name; throws for one nobody has modelled. `shell` is the process it is a child of. */
  run(shell: Shell, argv: readonly string[], io: Io): Soon<number>
  /** Between two commands: here a host may go down, and what runs may be stopped. Throws then. */
  border(): void
  /** Starts a command that nobody waits for. */
  background(shell: Shell, body: Node, io: Io): void
  /** A descriptor was closed: its lock goes. */
  closedFile(shell: Shell, path: string): void
  /** A function of a script that is modelled as a whole; null for all others. */
  native(name: string, args: readonly string[], io: Io): number | null
  /** The process is over: its locks go. */
  closed(shell: Shell): void
}
