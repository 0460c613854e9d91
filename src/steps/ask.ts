import type { Command } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import type { Finished } from '../remote/remote.ts'
import type { Host, StepContext } from './step.ts'

/** Runs a command and wants its end seen; a non-zero exit is the caller's to judge. */
export async function ask(context: StepContext, host: Host, command: Command): Promise<Finished> {
  const outcome = await host.remote.run(command, context.signal)
  if (outcome.kind === 'finished') return outcome
  throw new EvhaError({
    kind: outcome.why === 'timeout' ? 'timeout' : outcome.why === 'aborted' ? 'interrupted' : 'unreachable',
    message: `${host.spec.name}: ${command.says}: ${outcome.message}`,
    changedAnything: command.mutates ? 'unknown' : 'no',
    retryable: true,
    hint: hasRun(context)
      ? '`evha resume` looks at the host and goes on from what it finds'
      : `see on ${host.spec.name} what keeps it, then type the command again`,
  })
}

/** A look at the hosts outside of any run has nothing to resume. */
const hasRun = ({ run }: Pick<StepContext, 'run'>) => run !== ''

/** Runs a command that must exit 0; returns its output without the last newline. */
export async function must(context: StepContext, host: Host, command: Command): Promise<string> {
  const finished = await ask(context, host, command)
  if (finished.exitCode === 0) return finished.stdout.replace(/\n$/, '')
  const said = whyIn(finished.stderr.trim() || finished.stdout)
  throw new EvhaError({
    kind: 'failed',
    message: `${host.spec.name}: ${command.says}: exit ${finished.exitCode ?? finished.signal}${said === '' || command.sensitive ? '' : `: ${said}`}`,
    changedAnything: command.mutates ? 'unknown' : 'no',
    retryable: true,
    hint: `${mend(said, host)}, then ${hasRun(context) ? '`evha resume`' : 'type the command again'}`,
  })
}

/** The line of an output that tells why it failed: the last one, but for tar's own last word. */
export function whyIn(output: string): string {
  const lines = output.trim().split('\n')
  return lines.findLast((line) => !/^tar: (Exiting with|Error is not recoverable)/.test(line)) ?? ''
}

/** What to do on the host about the reason it gave, where its disk is the reason. */
export function mend(said: string, { spec }: Host): string {
  if (/No space left on device|Disk quota exceeded/.test(said)) return `make room on ${spec.name}: df -h`
  if (/Read-only file system/.test(said)) return `make it writable on ${spec.name}: findmnt -O ro`
  return 'mend what the host says'
}

/** True when the command exits 0. */
export async function holds(context: StepContext, host: Host, command: Command): Promise<boolean> {
  return (await ask(context, host, command)).exitCode === 0
}

/** The same for several hosts at once, by node name. All are waited for before the first failure is thrown. */
export async function onEach<T>(
  hosts: readonly Host[],
  work: (host: Host) => Promise<T>,
): Promise<Record<string, T>> {
  const settled = await Promise.allSettled(hosts.map(work))
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return Object.fromEntries(
    settled.map((one, i) => [hosts[i]?.spec.name ?? '', (one as PromiseFulfilledResult<T>).value]),
  )
}

/** A step that did what it could, and it does not hold. */
export function stuck(message: string, hint = 'look at the named host, then `evha resume`'): EvhaError {
  return new EvhaError({ kind: 'failed', message, changedAnything: 'yes', retryable: true, hint })
}

/** Evidence against evidence: nobody but a human may go on. */
export function contradiction(message: string): EvhaError {
  return new EvhaError({
    kind: 'contradiction',
    message,
    changedAnything: 'unknown',
    retryable: false,
    hint: 'start nothing; read `evha report`, compare the named hosts, then decide between `evha abort` and a rollback by hand',
  })
}

export interface Waits<T> {
  readonly timeoutMs: number
  readonly everyMs: number
  /** What a dry run takes for the answer: nothing was started there that could give one. */
  readonly onPaper?: T
}

/** Waits until `look` answers, looking again each `everyMs`; null when the time is out. */
export async function until<T>(
  context: StepContext,
  waits: Waits<T>,
  look: () => Promise<T | null>,
): Promise<T | null> {
  if (context.onPaper && waits.onPaper !== undefined) return waits.onPaper
  const deadlineMs = context.now() + waits.timeoutMs
  for (;;) {
    context.signal.throwIfAborted()
    const seen = await look()
    if (seen !== null) return seen
    if (context.now() >= deadlineMs) return null
    await context.sleep(waits.everyMs)
  }
}
