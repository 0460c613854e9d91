import { EvhaError } from '../base/errors.ts'
import type { JournalRecord } from '../journal/record.ts'
import type { LoadedRunbook } from '../runbook/load.ts'
import type { StepRegistry } from '../steps/step.ts'
import type { DriveOptions } from './api.ts'
import { findRecord, type Subject, subjectDigest } from './rehearsal-record.ts'
import { subjectOf } from './subject.ts'

/** What a run on production says of its rehearsal; it stands in the journal. */
export type Rehearsed =
  | { readonly digest: string; readonly record: string; readonly subject: Subject }
  | { readonly waivedBy: string }

const noteText = 'the rehearsal'

/**
 * What stands for a run on hosts that carry something of value: a rehearsal that went well, or the name of who goes
 * without one. null on staging hosts. Throws EvhaError 'blocked' when there is neither.
 */
export function rehearsedFor(
  runbook: LoadedRunbook,
  { stateDir, rehearsal }: Pick<DriveOptions, 'stateDir' | 'rehearsal'>,
): Rehearsed | null {
  if (runbook.staging) return null
  if (rehearsal?.kind === 'waived') return { waivedBy: rehearsal.by }
  const digest = rehearsal?.digest ?? runbook.rehearsal
  if (digest === undefined)
    throw new EvhaError({
      kind: 'blocked',
      message: `no rehearsal is named for the migration of ${runbook.chain}`,
      changedAnything: 'no',
      retryable: true,
      hint: `evha rehearse STAGING-RUNBOOK --production ${runbook.path}, then name its digest: --rehearsal DIGEST; or go without one, in your name: --waive-rehearsal NAME`,
    })
  const record = findRecord(stateDir, digest)
  return { digest: record.digest, record: record.id, subject: record.subject }
}

/** The journal's line of it. */
export const rehearsedNote = (rehearsed: Rehearsed) =>
  ({ type: 'note', text: noteText, data: rehearsed }) as const

/** What a journal says of it; null for a run on staging hosts. */
export function rehearsedIn(records: readonly JournalRecord[]): Rehearsed | null {
  const found = records.find((record) => record.type === 'note' && record.text === noteText)
  return found?.type === 'note' ? (found.data as Rehearsed) : null
}

const words: Readonly<Record<keyof Subject, string>> = {
  binarySha256: "the node's binary",
  settingsSha256: "the node's settings",
  timing: 'the Raft timing',
  nodes: 'the number of nodes',
  evhaVersion: 'the version of evha',
  graphHash: 'the state machine of evha',
}

/** The steps of a run, of which check also holds the hosts to what was rehearsed. */
export function heldToRehearsal(steps: StepRegistry, rehearsed: Rehearsed | null): StepRegistry {
  if (rehearsed === null || 'waivedBy' in rehearsed) return steps
  return {
    ...steps,
    check: {
      ...steps.check,
      verify: async (context, measured) => {
        const verdict = await steps.check.verify(context, measured)
        if (verdict.done)
          refuseOther(rehearsed.subject, subjectOf(context.runbook, verdict.output), context.runbook.path)
        return verdict
      },
    },
  }
}

function refuseOther(was: Subject, is: Subject, path: string): void {
  if (subjectDigest(was) === subjectDigest(is)) return
  const others = (Object.keys(words) as (keyof Subject)[]).filter((key) => was[key] !== is[key])
  throw new EvhaError({
    kind: 'blocked',
    message: `another migration was rehearsed: ${others.map((key) => words[key]).join(', ')} ${others.length === 1 ? 'is' : 'are'} not the same`,
    changedAnything: 'no',
    retryable: true,
    hint: `rehearse this one: evha rehearse STAGING-RUNBOOK --production ${path}; or --waive-rehearsal NAME`,
  })
}
