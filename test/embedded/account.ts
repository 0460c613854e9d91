import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readJournalLines } from '../../src/lab/journal-files.ts'
import { hostFiles, type LabInfo } from '../../src/lab/layout.ts'
import { heightsSignedInVain, heightsSignedTwice } from '../../src/lab/witness.ts'
import { fullReportOf } from '../../src/run/full-report.ts'

const heightsMax = 5
const linesMax = 40
/** What a node says all the time, and says nothing by. */
const routine =
  /produced block|syncing block|submitting (headers|data)|successfully submitted|reaper|height already processed/

/**
 * A failed test of a lab explains itself: its message gets what the run knew, what was signed, and what the nodes said
 * of their roles and ends. On CI nobody can look at the lab afterwards.
 */
export function withAccount(thrown: unknown, lab: LabInfo): unknown {
  if (!(thrown instanceof Error)) return thrown
  thrown.message = `${thrown.message}\n\n--- ${lab.hosts.length} hosts, chain ${lab.chain}\n${accountOf(lab)}`
  return thrown
}

function accountOf(lab: LabInfo): string {
  return [() => runOf(lab), () => forksOf(lab), () => nodesOf(lab)].map(orWhyNot).join('\n')
}

function orWhyNot(tell: () => string): string {
  try {
    return tell()
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

/** The newest run: its report but for the steps, and the evidence beside it. */
function runOf({ stateDir }: LabInfo): string {
  const { report, evidence } = fullReportOf(stateDir)
  const { steps, ...rest } = report
  const failed = steps.filter(({ ok }) => !ok).map(({ state }) => state)
  return `report: ${JSON.stringify({ ...rest, failed })}\nevidence: ${JSON.stringify(evidence)}`
}

/** Heights signed twice, and who signed and who kept which header. */
function forksOf({ root }: LabInfo): string {
  const twice = heightsSignedTwice(root)
  const lines = twice.slice(0, heightsMax).flatMap((height) =>
    readdirSync(root).flatMap((host) => {
      const path = hostFiles(join(root, host)).signed
      const noted = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
      return noted
        .filter((line) => line.includes(`"height":${height},`))
        .map((line) => `signed twice: ${host} ${line}`)
    }),
  )
  return [
    `signed twice: ${JSON.stringify(twice)}, in vain: ${JSON.stringify(heightsSignedInVain(root))}`,
    ...lines,
  ].join('\n')
}

/** The last words of each node that are not routine. */
function nodesOf({ hosts }: LabInfo): string {
  return hosts
    .flatMap(({ name, dir }) => {
      const lines = readJournalLines(hostFiles(dir).journal).filter(({ message }) => !routine.test(message))
      return lines.slice(-linesMax).map(({ at, unit, pid, message }) => {
        const time = new Date(at / 1_000).toISOString().slice(11, 23)
        return `${name} ${time} ${unit}[${pid}] ${message.slice(0, 300)}`
      })
    })
    .join('\n')
}
