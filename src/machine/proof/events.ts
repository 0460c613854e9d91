import type { RunEvent } from '../decider.ts'
import { approval, failedStep, failedWith, type Pilot } from './pilot.ts'

/** Something a run can be told, and the words for it. */
export interface Told {
  readonly name: string
  readonly says: string
  readonly event: RunEvent
  /** An operator who wants on may bring it about. */
  readonly fair: boolean
}

const told = (name: string, says: string, event: RunEvent, fair: boolean): Told => ({
  name,
  says,
  event,
  fair,
})

/** Everything that may reach any run at any moment, besides the ends of its steps. */
const always: readonly Told[] = [
  told('RESUME', 'evha dies and the run is resumed', { type: 'RESUME', windowOverran: false }, true),
  told(
    'RESUME late',
    'evha dies and the run is resumed when the budget of the window is spent',
    { type: 'RESUME', windowOverran: true },
    true,
  ),
  told('RETRY', 'the step is tried once more', { type: 'RETRY' }, true),
  told('ABORT', 'the operator types `evha abort`', { type: 'ABORT' }, true),
  told('ROLLBACK', 'the operator types `evha rollback`', { type: 'ROLLBACK' }, true),
  told('BUDGET_SPENT', 'the budget of the window is spent', { type: 'BUDGET_SPENT' }, false),
  told(
    'DEAD_MAN',
    'the run finds that node-1 has gone back by itself',
    { type: 'DEAD_MAN', failure: { ...failedWith, kind: 'interrupted' } },
    false,
  ),
  told(
    'SIGNED_TWICE',
    'the watch finds a height with two signatures',
    {
      type: 'SIGNED_TWICE',
      failure: { ...failedWith, kind: 'contradiction' },
      heights: [7],
      seen: [],
      proofs: [],
    },
    false,
  ),
  told('NEXT_ATTEMPT', 'the run makes its next attempt', { type: 'NEXT_ATTEMPT' }, true),
]

/** What the run can be told now, the ends of its step left out. */
export function toldTo({ view }: Pilot): readonly Told[] {
  const { gate, work } = view
  const gated =
    gate === null
      ? []
      : [
          told(`APPROVE ${gate}`, `the operator approves the gate ${gate}`, approval(gate), true),
          told(
            `DECLINE ${gate}`,
            `the operator declines at the gate ${gate}`,
            { type: 'DECLINE', gate },
            true,
          ),
        ]
  const failures =
    work === null
      ? []
      : (['failed', 'contradiction'] as const).map((kind) =>
          told(
            `${kind} ${work}`,
            kind === 'failed' ? `${work} fails` : `${work} finds evidence that contradicts itself`,
            failedStep(work, kind),
            false,
          ),
        )
  return [...always, ...gated, ...failures]
}

/** The end of the step, as verify saw it. */
export function ended({ view }: Pilot, output: unknown): Told | null {
  const { work } = view
  if (work === null) return null
  const words = JSON.stringify(output)
  const says = words === '{}' || words.includes('digest') ? '' : ` with ${words}`
  return told(
    `done ${work} ${words}`,
    `${work} is done${says}`,
    { type: 'STEP_DONE', step: work, output },
    true,
  )
}
