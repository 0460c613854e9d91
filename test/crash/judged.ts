import { readJournal } from '../../src/journal/read-journal.ts'
import { runFiles } from '../../src/journal/runs.ts'
import { nextBlock } from '../embedded/chain.ts'
import type { Lab } from '../embedded/lab.ts'
import type { Goal } from './cells.ts'
import { afterCommit, goneWell, isAbort, type Standing, type Verb } from './operator.ts'

const nextBlockMs = 90_000

/** What is wrong with a lab after a command, struck or not. */
export function wrongAfter(lab: Lab, verb: Verb, stateDir: string, standing: Standing | null): string[] {
  const twice = lab.signedTwice()
  const wrong = twice.length > 0 ? [`signed twice after ${verb}: ${twice.join(', ')}`] : []
  if (standing === null) return wrong
  try {
    readJournal(runFiles(stateDir, standing.run).dir)
  } catch (thrown) {
    wrong.push(`the journal can not be read after ${verb}: ${String(thrown)}`)
  }
  return wrong
}

/** One chain, and it goes on: what was signed and kept at a height would be signed twice if its block had been lost. */
export async function wrongAtEnd(lab: Lab, goal: Goal, ended: Standing | null): Promise<string[]> {
  const state = ended?.state ?? 'nothing'
  const wrong: string[] = []
  const late = isAbort(goal) && afterCommit.test(state)
  if (state !== goneWell[goal] && state !== 'done' && !late) wrong.push(`it ends in ${state}`)
  if ((await nextBlock(lab, nextBlockMs)) === null) wrong.push(`the chain stands still, in ${state}`)
  const twice = lab.signedTwice()
  if (twice.length > 0) wrong.push(`signed twice at the end: ${twice.join(', ')}`)
  return wrong
}
