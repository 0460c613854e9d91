import type { DriveOptions, RunEnd } from '../run/api.ts'
import { reportOf } from '../run/report.ts'
import { narrator } from '../ui/narrator.ts'
import { someoneIsThere } from '../ui/prompt.ts'
import { summaryText } from '../ui/summary.ts'
import { nobody, terminalApprover } from '../ui/terminal-approver.ts'
import { listenForInterrupts } from './interrupts.ts'
import { talk, tellJson } from './output.ts'
import { type Shared, stderrStyle } from './shared-options.ts'

/** Runs one of the commands that drive a run, and tells how it ended. Returns the exit code. */
export async function driveAndTell(
  shared: Shared,
  drive: (options: DriveOptions) => Promise<RunEnd>,
): Promise<number> {
  const interrupts = listenForInterrupts()
  const asks = shared.input && !shared.json && someoneIsThere()
  if (shared.yes && shared.confirms.size === 0)
    talk('note: --yes covers no gate; a gate wants the chain id typed, or --confirm GATE=CHAIN_ID\n')
  try {
    const end = await drive({
      stateDir: shared.stateDir,
      confirms: shared.confirms,
      approver: asks ? terminalApprover(talk) : nobody,
      observer: narrator(talk, stderrStyle(shared)),
      stopNow: interrupts.stopNow,
      stopSoon: interrupts.stopSoon,
    })
    const report = reportOf(shared.stateDir, end.run)
    talk(`\n${summaryText(report)}`)
    if (shared.json) tellJson(report)
    return end.exitCode === 130 ? (interrupts.exitCode() ?? 130) : end.exitCode
  } finally {
    interrupts.release()
  }
}
