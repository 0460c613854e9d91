import { changes } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import { renderRedacted } from '../remote/render.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { loadRunbook } from '../runbook/load.ts'
import type { Finding, Fix } from '../steps/prepare/finding.ts'
import type { Host } from '../steps/step.ts'
import type { CheckReport } from './api.ts'
import { afterCheck, checkRunbook } from './check.ts'

/** One thing `check --fix` does, as it is listed before it is done. */
export interface PlannedFix {
  readonly host: string
  /** The finding it cures. */
  readonly what: string
  /** What is run on the host, ready to be typed there. */
  readonly commands: readonly string[]
  readonly undo: string
}

/** The same afterwards; `failed` is what the host said, null when it is done. */
export interface DoneFix extends PlannedFix {
  readonly failed: string | null
}

export interface Fixed {
  /** How the hosts look afterwards; as before when nothing was done. */
  readonly report: CheckReport
  readonly planned: readonly PlannedFix[]
  /** null: there was no consent, and nothing was done. */
  readonly done: readonly DoneFix[] | null
}

/** Looks, lists what can safely be cured, and does it once `consent` says so; then looks again. */
export async function fixHosts(
  runbookPath: string,
  consent: (planned: readonly PlannedFix[]) => Promise<boolean>,
  ask?: PassphraseOf,
): Promise<Fixed> {
  const runbook = loadRunbook(runbookPath)
  const first = await afterCheck(runbook, ask, async ({ report, reached }) => {
    const curable = report.findings.flatMap((finding) =>
      finding.fix === undefined ? [] : [{ finding, fix: finding.fix }],
    )
    const planned = curable.map(({ finding, fix }) => plannedOf(finding, fix))
    if (planned.length === 0 || !(await consent(planned))) return { report, planned, done: null }
    const done: DoneFix[] = []
    for (const { finding, fix } of curable) {
      const host = reached.find(({ spec }) => spec.name === finding.host)
      if (host === undefined) throw new Error(`nobody is connected with ${finding.host}`)
      done.push({ ...plannedOf(finding, fix), failed: await whyNotDone(host, fix) })
    }
    return { report, planned, done }
  })
  return first.done === null ? first : { ...first, report: await checkRunbook(runbookPath, ask) }
}

const plannedOf = ({ host, what }: Finding, { commands, undo }: Fix): PlannedFix => ({
  host,
  what,
  commands: commands.map((argv) => renderRedacted(changes('', argv))),
  undo,
})

/** Runs one fix up to its first failure; null when all of it is done. */
async function whyNotDone({ remote }: Host, { commands }: Fix): Promise<string | null> {
  for (const argv of commands) {
    try {
      const ended = await remote.run(changes(`fix: ${argv.join(' ')}`, argv))
      if (ended.kind === 'unknown') return `not known whether it is done: ${ended.message}`
      if (ended.exitCode !== 0) return ended.stderr.trim() || `exit ${ended.exitCode ?? ended.signal}`
    } catch (thrown) {
      if (!(thrown instanceof EvhaError)) throw thrown
      return thrown.message
    }
  }
  return null
}
