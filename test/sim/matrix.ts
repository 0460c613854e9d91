import { type Fault, type FaultKind, fits } from './faults.ts'
import type { Goal } from './session.ts'
import { simulate } from './simulate.ts'

/** The kinds of the crash matrix (design: figures to reach). */
export const matrixKinds = [
  'kill before it',
  'kill in the middle of it',
  'kill after it',
  'lost answer',
  'hung SSH',
  'host reboots',
  'disk full on the workstation',
  'clock step',
  'a second operator',
] as const satisfies readonly FaultKind[]

/** A run without a fault: its points are what the matrix is made of. */
const ways: readonly { readonly goal: Goal; readonly nodes: number }[] = [
  { goal: 'migrate', nodes: 3 },
  { goal: 'abort in the window', nodes: 3 },
  { goal: 'roll back', nodes: 3 },
]

export interface Matrix {
  readonly cells: number
  readonly broken: readonly string[]
  readonly text: string
}

/** Strikes every `every`-th point of every way with every kind that fits, one run for each. */
export async function crashMatrix({
  every,
  offset = 0,
}: {
  readonly every: number
  readonly offset?: number
}): Promise<Matrix> {
  const broken: string[] = []
  const lines: string[] = []
  let cells = 0
  for (const { goal, nodes } of ways) {
    const seed = 1
    const golden = await simulate({ seed, nodes, goal, faults: [], quiet: true })
    if (golden.broken.length > 0) broken.push(`${goal}: without a fault: ${golden.broken.join('; ')}`)
    const ends: Record<string, number> = {}
    let at = offset
    let struck = 0
    for (const point of golden.log)
      for (const kind of matrixKinds) {
        if (!fits(kind, point) || at++ % every !== 0) continue
        const fault: Fault = { kind, state: point.state, nth: point.nth }
        const seen = await simulate({ seed, nodes, goal, faults: [fault], quiet: true })
        cells++
        struck += seen.faults.length
        ends[seen.state] = (ends[seen.state] ?? 0) + 1
        if (seen.broken.length > 0)
          broken.push(`${goal}: ${kind} at point ${point.nth} of ${point.state}: ${seen.broken.join('; ')}`)
      }
    const ended = Object.entries(ends).map(([state, count]) => `${state} ${count}`)
    lines.push(`${goal}: ${golden.log.length} points; ${struck} struck; ended in: ${ended.join(', ')}`)
  }
  const text = [
    `crash matrix: ${cells} cells, ${broken.length} broken`,
    ...lines,
    ...broken.map((one) => `  ${one}`),
    '',
  ].join('\n')
  return { cells, broken, text }
}
