// evha is killed with SIGKILL at twenty random moments of a migration, up to three of them in the same one, and resumed
// with the same --confirm flags each time. Each migration must end migrated, with no height signed twice.
import { expect, test } from 'vitest'
import { readJournal } from '../../src/journal/read-journal.ts'
import { findRun } from '../../src/journal/runs.ts'
import { viewOf } from '../../src/machine/decider.ts'
import type { Report } from '../../src/run/api.ts'
import { readRun, snapshotOf } from '../../src/run/rebuild.ts'
import { confirm, evha, type Lab, pause, withLab } from '../embedded/lab.ts'

const kills = 20
/** Migrations, and at a time: they mostly wait. A third kill in each, but for one. */
const labs = 7
const parallel = 3
const resumeTimeoutMs = 120_000
const lookMs = 20

/** A moment of a run: so long after the step with that place among all steps was begun; -1: after the start of evha. */
interface Moment {
  readonly step: number
  readonly afterMs: number
}

test(
  `${kills} times SIGKILL at a random moment, then resume: migrated each time, nothing signed twice`,
  async () => {
    const reference = await runThrough()
    const killedIn: string[] = []
    let next = 0
    const work = async () => {
      while (next < labs) {
        const first = next++
        await withLab(3, async (lab) => {
          // One moment in each twentieth of a whole run: random, but no part of it is left out.
          for (let part = first; part < kills; part += labs)
            killedIn.push(await killed(lab, reference, momentIn(reference, (part + Math.random()) / kills)))
          await migrated(lab, killedIn)
        })
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: parallel }, work))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
    process.stdout.write(
      `${killedIn.length} kills, ${labs} migrated; killed in: ${killedIn.sort().join(', ')}\n`,
    )
    expect(killedIn).toHaveLength(kills)
  },
  30 * 60_000,
)

/** How a run goes that nobody kills: when each step begins, ms after the start of evha. */
interface Reference {
  readonly steps: readonly { readonly name: string; readonly atMs: number }[]
  readonly wholeMs: number
}

const args = (lab: Lab) => [
  '--json',
  '--state-dir',
  lab.stateDir,
  ...confirm(lab, 'cutover', 'commit', 'finish'),
]

async function runThrough(): Promise<Reference> {
  let reference: Reference = { steps: [], wholeMs: 0 }
  await withLab(3, async (lab) => {
    const startedMs = Date.now()
    const ended = await evha(['migrate', lab.runbook, ...args(lab)])
    expect(ended.code, ended.stderr).toBe(0)
    const steps = begun(lab).map(({ name, at }) => ({ name, atMs: Date.parse(at) - startedMs }))
    reference = { steps, wholeMs: Date.now() - startedMs }
  })
  return reference
}

function momentIn({ steps, wholeMs }: Reference, share: number): Moment {
  const atMs = wholeMs * share
  const step = steps.findLastIndex((one) => one.atMs <= atMs)
  return { step, afterMs: atMs - (steps[step]?.atMs ?? 0) }
}

/** The steps that a run has begun so far, again and again where it did; none before it has a journal. */
function begun(lab: Lab): { name: string; at: string }[] {
  try {
    const { records } = readJournal(findRun(lab.stateDir).dir)
    return records.flatMap((record) =>
      record.type === 'intent' ? [{ name: record.step, at: record.at }] : [],
    )
  } catch {
    return []
  }
}

/** Migrates or goes on, and is killed at that moment: the state in which it was. */
async function killed(lab: Lab, reference: Reference, moment: Moment): Promise<string> {
  const before = begun(lab).length
  let over = false
  const reached = async () => {
    const isThere = ({ name }: { name: string }) =>
      reference.steps.findIndex((step) => step.name === name) >= moment.step
    while (!over && moment.step >= 0 && !begun(lab).slice(before).some(isThere)) await pause(lookMs)
    await pause(moment.afterMs)
  }
  const ended = await evha(goOn(lab), (kill) => void reached().then(() => kill('SIGKILL'))).finally(() => {
    over = true
  })
  const state = stateOf(lab)
  // Killed before the run had its directory, or through just before the kill: both are moments.
  const told = `killed in ${state} (exit ${ended.code})\n${ended.stderr}`
  if (ended.code !== null) expect([ended.code, state], told).toEqual([0, 'done'])
  expect(lab.signedTwice(), told).toEqual([])
  return state ?? 'nothing'
}

/** Without a run there is nothing to resume: it is begun. */
const goOn = (lab: Lab) =>
  stateOf(lab) === null ? ['migrate', lab.runbook, ...args(lab)] : ['resume', ...args(lab)]

async function migrated(lab: Lab, killedIn: readonly string[]): Promise<void> {
  const state = stateOf(lab)
  const startedMs = performance.now()
  const ended = await evha(goOn(lab))
  const told = `last killed in ${state}, of ${killedIn.join(', ')}\n${ended.stderr}`
  expect(ended.code, told).toBe(0)
  if (state !== 'done') expect((JSON.parse(ended.stdout) as Report).outcome, told).toBe('migrated')
  expect(performance.now() - startedMs, told).toBeLessThan(resumeTimeoutMs)
  expect(lab.signedTwice(), told).toEqual([])
  expect(readJournal(findRun(lab.stateDir).dir).records.length, told).toBeGreaterThan(0)
}

function stateOf(lab: Lab): string | null {
  try {
    return viewOf(snapshotOf(readRun(findRun(lab.stateDir)))).path
  } catch {
    return null
  }
}
