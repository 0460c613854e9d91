import type { Command } from '../base/command.ts'
import { killCommand, startCommand } from '../remote/detached.ts'
import { printed, printing } from '../remote/printing.ts'
import { quoteAll, renderRedacted } from '../remote/render.ts'
import type { Hands } from '../steps/hands.ts'
import type { Host, StepContext } from '../steps/step.ts'

/** A command that would be run, as a person may see it. */
export interface PlannedCommand {
  readonly host: string
  readonly says: string
  /** Exact, but for what is secret: that stands as `[redacted]`. */
  readonly text: string
  /** False for the reading end of a copy. */
  readonly mutates: boolean
}

/** What a dry run writes on: the commands in the order in which they would be run, a repeated one once. */
export class Paper {
  readonly #commands = new Map<string, PlannedCommand>()

  write(host: string, command: Command): void {
    const planned = { host, says: command.says, text: renderRedacted(command), mutates: command.mutates }
    const key = JSON.stringify([host, planned.says, planned.text])
    if (!this.#commands.has(key)) this.#commands.set(key, planned)
  }

  /** What was written since the last time. */
  take(): PlannedCommand[] {
    const commands = [...this.#commands.values()]
    this.#commands.clear()
    return commands
  }
}

/** The hosts of a dry run: they are really asked, and nothing is changed on them. */
export const onPaper = (hosts: readonly Host[], paper: Paper): Host[] =>
  hosts.map(({ spec, remote }) => ({
    spec,
    remote: printing(remote, (host, command) => paper.write(host, command)),
  }))

/** The context of a step in a dry run; `context` must hold hosts that are on paper already. */
export function paperContext(context: StepContext, paper: Paper): StepContext {
  return { ...context, onPaper: true, hands: paperHands(paper), sleep: () => Promise.resolve() }
}

/** Copies and background jobs, printed. No job is ever found there: none was started. */
function paperHands(paper: Paper): Hands {
  return {
    relay: (from, to) => {
      for (const { remote, command } of [from, ...to]) paper.write(remote.name, command)
      return Promise.resolve({ bytes: 0, from: printed, to: to.map(() => printed) })
    },
    hostToHost: (from, to) => {
      for (const { remote, command } of [from, ...to]) paper.write(remote.name, command)
      return Promise.resolve({ from: printed, to: to.map(() => printed) })
    },
    startDetached: (remote, job) => {
      paper.write(remote.name, startCommand(job))
      return Promise.resolve()
    },
    statusOfDetached: () => Promise.resolve({ kind: 'none' }),
    killDetached: (remote, dir) => {
      paper.write(remote.name, killCommand(dir))
      return Promise.resolve()
    },
    endOfDetached: killCommand,
    shellText: quoteAll,
  }
}
