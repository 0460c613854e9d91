import { setMaxListeners } from 'node:events'
import type { Command } from '../base/command.ts'
import { EvhaError, type Failure } from '../base/errors.ts'
import { becomeCommand } from './process-group.ts'
import type { Outcome, Remote, Running } from './remote.ts'
import { sendCommand } from './send.ts'
import { untouched } from './untouched.ts'

/** Exit code of a command that the host's guard refused: nothing of it was run. */
const refusedByGuard = 79

/**
 * The guard on the host. $1 is the directory of the lease, $2 `EPOCH HOLDER` of whoever sends the command, then the
 * command. One lock is held over the check and the effect (descriptor 8, inherited by the command): who takes the run
 * over writes a new epoch first, and then waits until nobody holds the lock any more. A script runs in the guard's own shell.
 */
const guardScript = `
lease=$1 mine=$2 stands=none
shift 2
if [ -e "$lease/lock" ]; then
  exec 8<"$lease/lock"
  flock -s -w 10 8 && read -r stands <"$lease/holder"
  case $stands in "$mine "*)
    ${becomeCommand('lease mine stands')} ;;
  esac
fi
printf 'evha-lease %s\\n' "$stands" >&2
exit ${refusedByGuard}
`.trim()

/** The hold that every changing command of this process is sent under. */
export interface Held {
  readonly epoch: number
  /** Tells two holds of one epoch number apart. */
  readonly holder: string
}

/** What all guarded doors of one process share. */
export interface Guard {
  /** null before the run is held: then commands go as they are. */
  held: Held | null
  /** Why this process may change nothing any more; null while it may. */
  readonly lost: Failure | null
  /** Aborts once it is lost. */
  readonly signal: AbortSignal
  lose(failure: Failure): void
  /**
   * A host knows an older hold, or none: it was out of reach when this one was taken. True when it knows this one now,
   * false when a majority does not know it either. Throws EvhaError when it can not be told.
   */
  readmit: (host: string) => Promise<boolean>
}

/** A guard that holds nothing yet. */
export function newGuard(): Guard {
  let lost: Failure | null = null
  const over = new AbortController()
  setMaxListeners(0, over.signal)
  return {
    held: null,
    get lost() {
      return lost
    },
    signal: over.signal,
    lose(failure) {
      lost ??= failure
      over.abort()
    },
    readmit: () => Promise.resolve(false),
  }
}

/** The command as the host gets it: where it is sent under a hold, in one piece with the guard that looks for it. */
export function inOnePiece(command: Command): Command {
  const { under, ...rest } = command
  if (under === undefined) return command
  return { ...rest, argv: ['sh', '-c', guardScript, 'evha', under.leaseDir, under.mine, ...command.argv] }
}

/**
 * The same host; what changes it goes through the guard once the run is held. Throws EvhaError 'locked' when somebody
 * else holds the run by now: the command was not run, and no further one will be.
 */
export function guarded(remote: Remote, leaseDir: string, guard: Guard): Remote {
  const admitted = new Set<Held>()
  const sentUnder = (command: Command, { epoch, holder }: Held): Command => ({
    ...command,
    under: { leaseDir, mine: `${epoch} ${holder}` },
  })
  const run = async (command: Command, signal?: AbortSignal): Promise<Outcome> => {
    for (;;) {
      refuseLost(guard)
      const { held } = guard
      if (!command.mutates || held === null) return remote.run(command, signal)
      const outcome = await remote.run(sentUnder(command, held), signal)
      const stands = standsIn(outcome)
      if (stands === null) {
        if (outcome.kind === 'finished') admitted.add(held)
        return outcome
      }
      if (epochIn(stands) >= held.epoch || !(await guard.readmit(remote.name)))
        lose(guard, remote.name, stands)
    }
  }
  return {
    ...untouched(remote),
    run,
    async stream(command, signal): Promise<Running> {
      refuseLost(guard)
      const { held } = guard
      if (!command.mutates || held === null) return remote.stream(command, signal)
      // Its input can not be sent twice: a host that does not know the hold yet is told before.
      if (!admitted.has(held)) await run({ ...command, argv: ['true'] }, signal)
      const running = await remote.stream(sentUnder(command, held), signal)
      const done = running.done.then((outcome) => {
        const stands = standsIn(outcome)
        if (stands !== null) lose(guard, remote.name, stands)
        return outcome
      })
      done.catch(() => {
        // Whoever awaits `done` sees it.
      })
      return { ...running, done }
    },
    send: (file, path, signal) => run(sendCommand(file, path), signal),
  }
}

/** What stands on the host instead: `EPOCH HOLDER RUN BY SINCE`, or `none`; null when the command was not refused. */
function standsIn(outcome: Outcome): string | null {
  if (outcome.kind === 'unknown' || outcome.exitCode !== refusedByGuard) return null
  return /^evha-lease (.*)$/m.exec(outcome.stderr)?.[1] ?? null
}

const epochIn = (stands: string) => Number.parseInt(stands, 10) || 0

function refuseLost({ lost }: Guard): void {
  if (lost !== null) throw new EvhaError(lost)
}

function lose(guard: Guard, host: string, stands: string): never {
  const failure = lostFailure(host, stands)
  guard.lose(failure)
  throw new EvhaError(guard.lost ?? failure)
}

function lostFailure(host: string, stands: string): Failure {
  const [epoch, , , by, since] = stands.split(' ')
  const who =
    by === undefined
      ? `${host} knows no lease of this run any more`
      : `${by} holds the run since ${since}, epoch ${epoch}, as ${host} knows`
  return {
    kind: 'locked',
    message: `${who}: this process changes nothing any more`,
    changedAnything: 'no',
    retryable: false,
    hint: 'see with `evha lock` who holds it and how it stands; go on there, or take it over with `evha adopt`',
  }
}
