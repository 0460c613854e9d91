import { join } from 'node:path'
import { quote } from '../remote/render.ts'
import type { DriveOptions, RunEnd } from '../run/api.ts'
import type { Approver } from '../run/observer.ts'
import { reportOf } from '../run/report.ts'
import { widthOf } from '../ui/columns.ts'
import { endLines } from '../ui/end-text.ts'
import { Narrator } from '../ui/narrator.ts'
import { type Press, pressLines } from '../ui/press-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { summaryText } from '../ui/summary.ts'
import { TerminalApprover, whyNotAsked } from '../ui/terminal-approver.ts'
import { TerminalNarrator } from '../ui/terminal-narrator.ts'
import { terminalPassphrase } from '../ui/terminal-passphrase.ts'
import type { ExitCode } from './exit-codes.ts'
import { failed } from './failed.ts'
import { type Interrupts, watchInterrupts } from './interrupts.ts'
import { jsonOf } from './json/schema.ts'
import { talk } from './output.ts'
import type { Result } from './result.ts'
import type { Shared } from './shared-options.ts'

/** What migrate, resume and abort have in common: somebody tells, somebody asks, Ctrl-C is heard, the end is said. */
export async function driveCommand(
  shared: Shared,
  drive: (options: DriveOptions) => Promise<RunEnd>,
): Promise<Result> {
  const { stderr, stdin, env } = process
  const palette = paletteOf(wantsColour(stderr, env, shared.color))
  const redraws = stderr.isTTY === true && env['TERM'] !== 'dumb' && !shared.json
  const narrator = redraws ? new TerminalNarrator(stderr, palette) : new Narrator(stderr, palette)
  const interrupts = watchInterrupts((press, signal) => tellPress(press, signal, narrator, shared))
  if (shared.yes) talk(['--yes approves no gate: type the chain id there, or give --confirm GATE=CHAIN_ID'])
  const terminal = { ...shared, stdin, stderr, env, closing: interrupts.closing }
  const asker = new TerminalApprover(terminal)
  const approver: Approver = {
    ask: (question, signal) => narrator.aside(() => asker.ask(question, signal)),
  }
  try {
    const end = await drive({
      stateDir: shared.stateDir,
      confirms: shared.confirms,
      approver,
      observer: narrator,
      passphraseOf: terminalPassphrase(terminal),
      stopNow: interrupts.stopNow,
      stopSoon: interrupts.stopSoon,
    })
    narrator.end()
    const report = reportOf(shared.stateDir, end.run)
    const dir = narrator.run?.dir
    const log = dir === undefined ? null : join(dir, 'evha.log')
    const exitCode = codeOf(end, interrupts)
    const untouched = narrator.state === null && exitCode === 0
    const onStdout = paletteOf(wantsColour(process.stdout, env, shared.color))
    const last = endLines(
      { end, log, untouched, asks: whyNotAsked(terminal) === null },
      palette,
      widthOf(stderr),
    )
    return {
      exitCode,
      json: jsonOf('report', report),
      text: summaryText(report, onStdout, widthOf(process.stdout)),
      last,
    }
  } catch (thrown) {
    const { run } = narrator
    if (run === null) return failed(thrown, { shared })
    const log = join(run.dir, 'evha.log')
    return failed(thrown, { shared, run: { id: run.id, log, resume: resumeCommand(run.id, shared) } })
  } finally {
    narrator.end()
    interrupts.release()
  }
}

/** A signal that ended the run is told by the exit code; one that came too late to matter is not. */
function codeOf(end: RunEnd, interrupts: Interrupts): ExitCode {
  const stopped = end.exitCode === 130 || end.exitCode === 4
  return stopped ? (interrupts.exitCode() ?? end.exitCode) : end.exitCode
}

/** The command that goes on with a run, with the approvals that were given for this one. */
export function resumeCommand(run: string, shared: Pick<Shared, 'stateDir' | 'confirms'>): string {
  const confirms = [...shared.confirms].map(([gate, chain]) => ` --confirm ${quote(`${gate}=${chain}`)}`)
  return `evha resume ${quote(run)}${confirms.join('')} --state-dir ${quote(shared.stateDir)}`
}

const spoken: Partial<Record<NodeJS.Signals, string>> = { SIGINT: 'Ctrl-C', SIGHUP: 'the terminal went away' }

export function tellPress(press: Press, signal: NodeJS.Signals, narrator: Narrator, shared: Shared): void {
  const { run, state } = narrator
  const goOn = run === null ? ['nothing was begun'] : ['go on with:', `  ${resumeCommand(run.id, shared)}`]
  narrator.say([
    '',
    ...pressLines(press, spoken[signal] ?? signal, state),
    ...(press === 'leave' ? goOn : []),
  ])
  if (press === 'leave') process.exit(130)
}
