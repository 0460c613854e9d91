// A workstation that a test puts to sleep: drives a migration in a process of its own, in which the guard can be taken
// away. No flag of evha can.
import type { Command } from '../../src/base/command.ts'
import type { Gate } from '../../src/base/names.ts'
import { startRun } from '../../src/run/drive.ts'
import { realWorld } from '../../src/run/world.ts'
import { silentObserver } from '../run/silent-observer.ts'

const [runbook = '', stateDir = '', chain = '', sleepBefore = '', guard = ''] = process.argv.slice(2)

let slept = false

/** Falls asleep with a command in its hand: nothing it could hear of in between stands before that command when it wakes. */
function sleepOn({ says }: Command): void {
  if (slept || !says.startsWith(sleepBefore)) return
  slept = true
  process.stdout.write('asleep\n')
  process.kill(process.pid, 'SIGSTOP')
}

/** As it is sent; without the guard, as if it were sent under no hold. */
function handed(command: Command): Command {
  sleepOn(command)
  const { under: _, ...unguarded } = command
  return guard === 'off' ? unguarded : command
}

const sleepyWorld: typeof realWorld = {
  ...realWorld,
  openHosts: async (...args) =>
    (await realWorld.openHosts(...args)).map(({ spec, remote }) => ({
      spec,
      remote: {
        ...remote,
        run: (command, signal) => remote.run(handed(command), signal),
        stream: (command, signal) => remote.stream(handed(command), signal),
      },
    })),
}

const gates: readonly Gate[] = ['cutover', 'commit', 'finish']
const end = await startRun(runbook, {
  stateDir,
  confirms: new Map(gates.map((gate) => [gate, chain])),
  approver: { ask: () => Promise.resolve('later') },
  observer: {
    ...silentObserver,
    entered: (state) => process.stdout.write(`${state.path}\n`),
    progress: (text) => process.stdout.write(`${text}\n`),
    failed: (_, failure) => process.stdout.write(`${failure.message}\n`),
  },
  world: sleepyWorld,
  stopNow: new AbortController().signal,
  stopSoon: () => false,
}).catch((error: unknown) => ({
  exitCode: (error as { kind?: string }).kind === 'locked' ? 7 : 1,
  // What an Error says is no field that JSON prints.
  said: String(error),
}))
process.stdout.write(`${JSON.stringify(end)}\n`)
process.exitCode = end.exitCode
