import { watchInterrupts } from '../../src/cli/interrupts.ts'

// Says what each signal asks of a run; leaves when told to leave, with the code of what came first.
const interrupts = watchInterrupts((press, signal) => {
  process.stdout.write(`${signal} ${press} soon=${interrupts.stopSoon()}\n`)
  if (press === 'leave') process.exit(interrupts.exitCode() ?? 1)
})
interrupts.stopNow.addEventListener('abort', () => process.stdout.write('stopped\n'))
interrupts.closing.addEventListener('abort', () => process.stdout.write('closed\n'))
process.stdout.write('ready\n')
setTimeout(() => process.exit(99), 30_000)
