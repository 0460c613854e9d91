import type { RunOutcome } from '../run/api.ts'

/** One sentence for how a run stands, with the chain's name in it. */
export function outcomeSentence(outcome: RunOutcome, chain: string): string {
  return sentences[outcome].replaceAll('{chain}', () => chain)
}

/** A state and what it says; one that says its name itself is not named twice. */
export const stateSentence = (state: string, says: string): string =>
  says.startsWith(`${state}: `) ? says : `${state}: ${says}`

const sentences: Readonly<Record<RunOutcome, string>> = {
  migrated: '{chain} is migrated: the cluster produces its blocks.',
  aborted: '{chain} was not migrated: the run was aborted, and the single sequencer produces.',
  returned: '{chain} was not migrated yet: the attempt went back, and the single sequencer produces.',
  rolledBack: '{chain} is back on a single sequencer: the migration was rolled back.',
  waiting: 'The migration of {chain} is not done: it waits for an approval.',
  interrupted: 'The migration of {chain} is not done: it was interrupted.',
  failed: 'The migration of {chain} is not done: a step failed.',
  needsHuman: '{chain} needs a human: the evidence contradicts itself, and evha starts nothing more.',
}
