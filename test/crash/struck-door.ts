import type { Command } from '../../src/base/command.ts'
import { die } from '../../src/journal/crash-point.ts'
import { labControl } from '../../src/lab/control.ts'
import type { Outcome, Remote, Running } from '../../src/remote/remote.ts'
import { sendCommand } from '../../src/remote/send.ts'
import { untouched } from '../../src/remote/untouched.ts'
import type { FaultKind } from '../sim/faults.ts'
import type { Befalling } from './befalling.ts'

/** So late after a command began that it has left, on an idle machine, and mostly not ended. */
const underWayMs = 15

const lost = (name: string, says: string): Outcome => ({
  kind: 'unknown',
  why: 'linkLost',
  message: `${name}: the link was lost during "${says}"`,
  durationMs: 0,
})

/** In its place something that never answers: the SSH session hangs, and nothing of the command was done. */
function hanging({ under: _, stdin: __, ...command }: Command, hungMs: number): Command {
  return { ...command, argv: ['sleep', '600'], timeoutMs: Math.min(command.timeoutMs, hungMs) }
}

/** The door to a host below everything that repeats or guards: each command that leaves is a point, and each answer. */
export function struckDoor(remote: Remote, befalling: Befalling): Remote {
  const { name } = remote
  const { labDir, hungMs } = befalling.plan
  const answered = (command: Command, outcome: Outcome): Outcome =>
    befalling.comesTo('answer', `${name}: ${command.says}`, command.often) === 'lost answer'
      ? lost(name, command.says)
      : outcome
  const leaving = (command: Command): { command: Command; kind: FaultKind | null } => {
    const kind = befalling.comesTo('send', `${name}: ${command.says}`, command.often)
    if (kind === 'kill before it') die()
    if (kind === 'kill in the middle of it') setTimeout(die, underWayMs)
    if (kind === 'host reboots') befalling.beside(labControl(labDir, 'reboot', name))
    return { command: kind === 'hung SSH' ? hanging(command, hungMs) : command, kind }
  }
  const run = async (given: Command, signal?: AbortSignal): Promise<Outcome> => {
    const { command, kind } = leaving(given)
    const outcome = remote.run(command, signal)
    if (kind === 'kill after it') return outcome.finally(die)
    return answered(given, await outcome)
  }
  return {
    ...untouched(remote),
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
  }
}
