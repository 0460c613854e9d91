import { accessSync, constants, statSync } from 'node:fs'
import { failureOf as asFailure, EvhaError, type Failure } from '../base/errors.ts'
import type { HookName } from '../base/names.ts'
import type { StateView } from '../machine/decider.ts'
import { quoteAll } from '../remote/render.ts'
import type { LoadedRunbook } from '../runbook/load.ts'
import type { DriveOptions, RunEnd } from './api.ts'
import { hookEnvironment } from './hook-environment.ts'
import { hookOnEntering, hookPoints } from './hook-points.ts'
import { type HookEnd, runHook } from './hook-process.ts'
import type { OpenRun } from './open-run.ts'

/** The operator's own programs at the named points of a run. */
export class Hooks {
  readonly #run: OpenRun
  readonly #options: Pick<DriveOptions, 'observer' | 'stopNow' | 'stateDir'>
  readonly #running = new Set<Promise<void>>()

  constructor(run: OpenRun, options: Pick<DriveOptions, 'observer' | 'stopNow' | 'stateDir'>) {
    this.#run = run
    this.#options = options
  }

  /** Calls the hook of a state that was entered. The failure that stops the run, or null. */
  entered(view: StateView): Promise<Failure | null> {
    const hook = hookOnEntering(view)
    return hook === null ? Promise.resolve(null) : this.call(hook, view)
  }

  /** Calls a hook, if the runbook has it and it is its turn. What stops a run is waited for, nothing else is. */
  async call(hook: HookName, view: StateView, end?: RunEnd): Promise<Failure | null> {
    const command = this.#run.runbook.hooks.commands[hook]
    if (command === undefined) return null
    const before = this.#before(hook, view.context.attempt)
    if (before.done && hookPoints[hook].times === 'entry') return null
    const times = before.times + 1
    if (times > 1) this.#tell(`the hook ${hook} runs again, the ${times}. time: ${before.why}`)
    const call = () => this.#call(hook, command, times, view, end)
    if (hookPoints[hook].failing === 'stops') return failureOf(hook, command, await call())
    // Behind what the run itself does next: inside the window no command waits for a hook to be started.
    const running = new Promise<void>((resolve) => setImmediate(resolve))
      .then(call)
      .then(
        (ended) => this.#tellFailure(failureOf(hook, command, ended)),
        // The journal that can not be written stops the run itself, at its next step.
        (thrown: unknown) => this.#tellFailure(asFailure(thrown)),
      )
      .then(() => void this.#running.delete(running))
    this.#running.add(running)
    return null
  }

  /** Waits for the hooks that nothing waited for; each is bounded. */
  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #call(
    hook: HookName,
    command: readonly [string, ...string[]],
    times: number,
    view: StateView,
    end: RunEnd | undefined,
  ): Promise<HookEnd> {
    const { journal, files, runbook, log } = this.#run
    const attempt = view.context.attempt
    journal.append({ type: 'hook', hook, attempt, times, end: null })
    const ended = await runHook({
      command,
      cwd: files.dir,
      timeoutMs: runbook.hooks.timeoutSeconds * 1_000,
      // The last word of a run that is stopped now is still said; its own time limit holds.
      signal: hook === 'ended' ? new AbortController().signal : this.#options.stopNow,
      environment: hookEnvironment({
        hook,
        times,
        run: files.run,
        runDir: files.dir,
        stateDir: this.#options.stateDir,
        runbook,
        view,
        ...(end === undefined ? {} : { end }),
      }),
    })
    const durationMs = Math.round(ended.durationMs)
    // What it wrote stays in the log on this workstation: the journal is copied to hosts, and a hook may say anything.
    const note = { hook, exit: ended.exit, durationMs, said: ended.said }
    if (ended.exit === 0) log.note(`the hook ${hook} ended`, note)
    else log.problem(`the hook ${hook} failed`, note)
    journal.append({ type: 'hook', hook, attempt, times, end: { exit: ended.exit, durationMs } })
    return ended
  }

  /** What the journal says of this hook in this attempt. */
  #before(hook: HookName, attempt: number): { times: number; done: boolean; why: string } {
    const calls = this.#run.journal.records.filter(
      (record) => record.type === 'hook' && record.hook === hook && record.attempt === attempt,
    )
    const times = calls.filter((record) => record.type === 'hook' && record.end === null).length
    const last = calls.at(-1)
    const end = last?.type === 'hook' ? last.end : null
    const why = end === null ? 'its last end was not seen' : `last it ended with exit ${end.exit}`
    return { times, done: end?.exit === 0, why }
  }

  #tellFailure(failure: Failure | null): void {
    if (failure !== null) this.#tell(`${failure.message}; the run goes on`)
  }

  #tell(text: string): void {
    this.#options.observer.progress(text)
  }
}

function failureOf(hook: HookName, command: readonly string[], ended: HookEnd): Failure | null {
  if (ended.exit === 0) return null
  const lastLine = ended.said.trimEnd().split('\n').at(-1)?.slice(0, 300) ?? ''
  const how = ended.exit === 'timeout' ? 'took too long and was killed' : `ended with exit ${ended.exit}`
  return {
    kind: ended.exit === 'stopped' ? 'interrupted' : 'failed',
    message: `the hook ${hook} ${how}${lastLine === '' ? '' : `: ${lastLine}`}`,
    changedAnything: 'no',
    retryable: true,
    hint: `mend ${quoteAll(command)}, then \`evha resume\` calls it again; the chain runs on`,
  }
}

/** Why a hook of the runbook could not be started, one sentence each. */
export function unusableHooks({ hooks }: LoadedRunbook): string[] {
  return Object.entries(hooks.commands).flatMap(([hook, [program]]) => {
    const why = whyUnusable(program)
    return why === null ? [] : [`the hook ${hook} can not be run: ${program} ${why}`]
  })
}

function whyUnusable(program: string): string | null {
  try {
    if (!statSync(program).isFile()) return 'is no file'
    accessSync(program, constants.X_OK)
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'is not executable' : 'is not there'
  }
}

/** Before anything is begun: a hook that is not there would be found missing inside the window. */
export function refuseUnusableHooks(runbook: LoadedRunbook): void {
  const [first, ...rest] = unusableHooks(runbook)
  if (first === undefined) return
  const more = rest.length === 0 ? '' : ` (and ${rest.length} more)`
  throw new EvhaError({
    kind: 'usage',
    message: `${first}${more}`,
    changedAnything: 'no',
    retryable: false,
    hint: 'mend the path under `hooks` in the runbook, or make the file executable: chmod +x FILE',
  })
}
