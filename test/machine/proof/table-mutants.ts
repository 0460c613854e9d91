import type { Approval, RunContext } from '../../../src/machine/context.ts'
import { type Mutant, onOf, provided, skip, withTable } from './changed.ts'

const gates = ['cutover', 'commit', 'rollback', 'finish'] as const
const takes = (holds: (context: RunContext, event: Approval) => boolean) =>
  provided({
    guards: {
      approvalHolds: (
        { context, event }: { context: RunContext; event: Approval },
        { gate }: { gate: string },
      ) => event.gate === gate && holds(context, event),
    },
  })

/** Each takes something out of the machine's table, its guards or its actions. */
export const tableMutants: readonly Mutant[] = [
  ...gates.map(
    (gate): Mutant => [
      `the guard of the gate ${gate}`,
      withTable((state) => {
        delete onOf(state(`gate.${gate}`), 'APPROVE')['guard']
      }),
      'ungated',
      `gate.${gate}, APPROVE: the edge asks for no approval of its gate`,
    ],
  ),
  [
    'the gate cutover',
    withTable((state) => skip(state('smoke'), 'smoke', '#window')),
    'ungatedEffect',
    'smoke is done\nthe decision file on node-1 goes to "open"',
  ],
  [
    'the gate commit',
    withTable((state) => skip(state('window.warm'), 'warmPeers', '#commit')),
    'ungatedEffect',
    'warmPeers is done\nthe dead-men of the peers are disarmed for good',
  ],
  [
    'the gate finish',
    withTable((state) => skip(state('soak'), 'soak', '#finish')),
    'ungatedEffect',
    'soak is done',
  ],
  [
    'the gate rollback',
    withTable((state) => {
      state('commit.start')['on'] = { ROLLBACK: '#rollback' }
    }),
    'ungatedEffect',
    'the operator types `evha rollback`',
  ],
  [
    'the digest an approval is bound to',
    takes((context, event) => event.chain === context.chain),
    'ungated',
    'gate.cutover, APPROVE: an approval of cutover for other evidence is taken',
  ],
  [
    'the chain an approval is bound to',
    takes((context, event) => event.digest !== '' && event.digest === context.evidence[event.gate]),
    'ungated',
    'an approval of commit for another chain is taken',
  ],
  [
    'the voiding of evidence at a resume',
    provided({ actions: { voidApprovals: () => undefined } }),
    'ungated',
    'an approval of cutover for evidence that the gate does not show is taken',
  ],
  [
    'the voiding of the commit approval at a resume',
    withTable((state) => {
      delete state('commit.decide')['on']
    }),
    'ungatedEffect',
    'evha dies and the run is resumed\nthe dead-men of the peers are disarmed for good',
  ],
  [
    'the proof of equal content',
    withTable((state) => skip(state('window.sync'), 'finalSync', '#window.warm')),
    'unprovedContent',
    'finalSync is done\none peer starts in Raft mode',
  ],
  [
    'the look at the decision on the way back',
    withTable((state) => skip(state('abort.disarm'), 'disarm', '#abort.configs')),
    'returnAfterCommit',
    'disarm is done\ncheckConfigs is done\nthe key of node-1 is put back',
  ],
  [
    'the guard that finds the decision committed',
    provided({ guards: { isCommitted: () => false } }),
    'returnAfterCommit',
    'the key of node-1 is put back',
  ],
  [
    'the way forward from a rollback that was declined',
    withTable((state) => {
      const declined = { guard: 'declinedBesideWarm', target: '#verifyElection' }
      state('gate.rollback')['on'] = { ...(state('gate.rollback')['on'] as object), DECLINE: declined }
    }),
    'noWayForward',
    'gate.rollback: the commit fell and no rollback began, and yet no way leads forward',
  ],
  [
    'the ways out of needsHuman',
    withTable((state) => {
      delete state('needsHuman')['on']
    }),
    'deadEnd',
    'needsHuman: from here no way leads to a safe end',
  ],
  [
    'an edge into the soak',
    withTable((state) => skip(state('verifyElection'), 'verifyElection', '#gate.finish')),
    'unreachable',
    'no run comes to the state soak',
  ],
  [
    'an answer to an empty budget',
    withTable((state) => {
      const { BUDGET_SPENT: _, ...on } = state('window')['on'] as Record<string, unknown>
      state('window')['on'] = on
    }),
    'unhandled',
    'there is no edge for window.stop: BUDGET_SPENT',
  ],
  [
    'an answer to a failure of the stop',
    withTable((state) => {
      delete (state('window.stop')['invoke'] as Record<string, unknown>)['onError']
    }),
    'unhandled',
    'there is no edge for window.stop: xstate.error.actor.stopSource',
  ],
]
