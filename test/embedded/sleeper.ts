// A workstation that a test puts to sleep: drives a migration in a process of its own, in which the guard can be taken
// away. No flag of evha can.
import type { Gate } from '../../src/base/names.ts'
import { startRun } from '../../src/run/drive.ts'
import { realWorld } from '../../src/run/world.ts'
import { steps } from '../../src/steps/registry.ts'
import { silentObserver } from '../run/silent-observer.ts'

const [runbook = '', stateDir = '', chain = '', sleepBefore = '', guard = ''] = process.argv.slice(2)

/** The same hosts; what is sent under a hold goes as if it were sent under none. */
const unguarded: typeof realWorld = {
  ...realWorld,
  openHosts: async (...args) =>
    (await realWorld.openHosts(...args)).map(({ spec, remote }) => ({
      spec,
      remote: {
        ...remote,
        run: ({ under: _, ...command }, signal) => remote.run(command, signal),
        stream: ({ under: _, ...command }, signal) => remote.stream(command, signal),
      },
    })),
}

const step = steps[sleepBefore as 'stopSource']
const sleepy = {
  ...steps,
  [sleepBefore]: {
    ...step,
    apply: async (...args: Parameters<typeof step.apply>) => {
      process.stdout.write('asleep\n')
      process.kill(process.pid, 'SIGSTOP')
      return step.apply(...args)
    },
  },
}

const gates: readonly Gate[] = ['cutover', 'commit', 'finish']
const end = await startRun(
  runbook,
  {
    stateDir,
    confirms: new Map(gates.map((gate) => [gate, chain])),
    approver: { ask: () => Promise.resolve('later') },
    observer: {
      ...silentObserver,
      entered: (state) => process.stdout.write(`${state.path}\n`),
      progress: (text) => process.stdout.write(`${text}\n`),
      failed: (_, failure) => process.stdout.write(`${failure.message}\n`),
    },
    ...(guard === 'off' ? { world: unguarded } : {}),
    stopNow: new AbortController().signal,
    stopSoon: () => false,
  },
  sleepy,
).catch((error: unknown) => ({
  exitCode: (error as { kind?: string }).kind === 'locked' ? 7 : 1,
  // What an Error says is no field that JSON prints.
  said: String(error),
}))
process.stdout.write(`${JSON.stringify(end)}\n`)
process.exitCode = end.exitCode
