// evha is killed with SIGKILL at a random moment of the migration, twenty times, each time on a fresh lab; then it is
// resumed with the same --confirm flags. Each time it must end migrated, with no height signed twice.
import { expect, test } from 'vitest'
import { readJournal } from '../../src/journal/read-journal.ts'
import { findRun } from '../../src/journal/runs.ts'
import { viewOf } from '../../src/machine/decider.ts'
import type { Report } from '../../src/run/api.ts'
import { readRun, snapshotOf } from '../../src/run/rebuild.ts'
import { confirm, evha, type Lab, pause, withLab } from '../embedded/lab.ts'

const kills = 20
/** Labs at a time: they mostly wait. */
const parallel = 3
const resumeTimeoutMs = 120_000

test(
  `${kills} times SIGKILL at a random moment, then resume: migrated each time, nothing signed twice`,
  async () => {
    // Measured among as many others as there will be: alone it is shorter, and no kill would come late.
    const wholeMs = Math.max(...(await Promise.all(Array.from({ length: parallel }, durationOfOne))))
    const killedIn: string[] = []
    let next = 0
    const work = async () => {
      while (next < kills) {
        // One moment in each twentieth of a whole run: random, but no part of it is left out.
        const atMs = wholeMs * ((next++ + Math.random()) / kills)
        await withLab(3, async (lab) => {
          killedIn.push(await killAndResume(lab, atMs))
        })
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: parallel }, work))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
    process.stdout.write(
      `${killedIn.length} kills, ${killedIn.length} migrated; killed in: ${killedIn.sort().join(', ')}\n`,
    )
    expect(killedIn).toHaveLength(kills)
  },
  30 * 60_000,
)

const args = (lab: Lab) => [
  lab.runbook,
  '--json',
  '--state-dir',
  lab.stateDir,
  ...confirm(lab, 'cutover', 'commit', 'finish'),
]

async function durationOfOne(): Promise<number> {
  let wholeMs = 0
  await withLab(3, async (lab) => {
    const startedMs = performance.now()
    const ended = await evha(['migrate', ...args(lab)])
    wholeMs = performance.now() - startedMs
    expect(ended.code, ended.stderr).toBe(0)
  })
  return wholeMs
}

/** The state in which it was killed. */
async function killAndResume(lab: Lab, atMs: number): Promise<string> {
  const killed = await evha(['migrate', ...args(lab)], (kill) => void pause(atMs).then(() => kill('SIGKILL')))
  const state = stateOf(lab)
  const startedMs = performance.now()
  // Killed before the run had its directory, there is nothing to resume: it is begun again.
  const again = state === null ? ['migrate', ...args(lab)] : ['resume', ...args(lab).slice(1)]
  const ended = await evha(again)
  const told = `killed after ${Math.round(atMs)} ms in ${state} (exit ${killed.code})\n${ended.stderr}`
  expect(ended.code, told).toBe(0)
  if (state !== null && state !== 'done')
    expect((JSON.parse(ended.stdout) as Report).outcome, told).toBe('migrated')
  expect(performance.now() - startedMs, told).toBeLessThan(resumeTimeoutMs)
  expect(lab.signedTwice(), told).toEqual([])
  expect(readJournal(findRun(lab.stateDir).dir).records.length, told).toBeGreaterThan(0)
  return state ?? 'nothing'
}

function stateOf(lab: Lab): string | null {
  try {
    return viewOf(snapshotOf(readRun(findRun(lab.stateDir)))).path
  } catch {
    return null
  }
}
