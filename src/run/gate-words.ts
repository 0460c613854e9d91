import type { Gate } from '../base/names.ts'

/** What the operator gives up by approving a gate, in the words the prompt shows. */
export const gateIrreversible: Readonly<Record<Gate, string>> = {
  cutover: 'the chain stops; until commit every failure brings the old sequencer back by itself',
  commit: 'the cluster may produce a block; from then on there is only forward or rollback',
  rollback: 'the cluster stops for good; one node goes on alone from the most advanced store',
  finish: 'the old unit is put away; the way back by evha ends',
}
