import { expect, test } from 'vitest'
import { viewOf } from '../../src/machine/decider.ts'
import type { OpenRun } from '../../src/run/open-run.ts'
import { WindowBudget } from '../../src/run/window-budget.ts'
import { pathsWhere, recordedRun } from './recorded-run.ts'

const never = new AbortController().signal

/** What the budget was at each moment of a recorded run; the clock stands at 0, and `rings` is when it would end a step. */
function budgetsOf(outcome: 'returned' | 'done') {
  const { runbook, moments } = recordedRun(outcome)
  return moments.map(({ path, records, snapshot }) => {
    const rings: number[] = []
    const clock = {
      now: () => 0,
      sleep: () => Promise.resolve(),
      every: () => () => undefined,
      after: (ms: number) => {
        rings.push(ms)
        return () => undefined
      },
    }
    const budget = new WindowBudget({ runbook, journal: { records } } as unknown as OpenRun, clock)
    const view = viewOf(snapshot)
    budget.signalIn(view, never)
    return { path, open: budget.openIn(view), rings }
  })
}

/** When the window of a recorded run was opened, and what budget it had. */
function opened(outcome: 'done'): { readonly atMs: number; readonly budgetMs: number } {
  const { runbook, records } = recordedRun(outcome)
  const approval = records.find((record) => {
    const { event } = record as { readonly event?: { readonly type: string; readonly gate?: string } }
    return event?.type === 'APPROVE' && event.gate === 'cutover'
  })
  return { atMs: Date.parse(approval?.at ?? ''), budgetMs: runbook.window.budgetSeconds * 1_000 }
}

const spending = [
  'window.arm',
  'window.fence',
  'window.stop',
  'window.sync',
  'window.prove',
  'window.warm',
  'gate.commit',
]

test('it ends a step from the opened window to the decision, and none before or after', () => {
  const budgets = budgetsOf('done')
  expect(pathsWhere(budgets, ({ rings }) => rings.length > 0)).toEqual(spending)
  const { atMs, budgetMs } = opened('done')
  for (const { rings } of budgets.filter(({ path }) => spending.includes(path)))
    expect(rings).toEqual([atMs + budgetMs])
})

test('a watcher is told of the window while it counts, and of the stopped chain until the cluster makes blocks', () => {
  const budgets = budgetsOf('done')
  expect(pathsWhere(budgets, ({ open }) => open !== null)).toEqual([
    ...spending,
    'commit.decide',
    'commit.start',
  ])
  expect(pathsWhere(budgets, ({ open }) => (open?.deadlineMs ?? null) !== null)).toEqual(spending)
  expect(pathsWhere(budgets, ({ open }) => (open?.stoppedSinceMs ?? null) !== null)[0]).toBe('window.sync')
})

test('on the way back nothing is ended by it', () => {
  const budgets = budgetsOf('returned')
  const back = budgets.filter(({ path }) => !spending.includes(path))
  expect(back.some(({ path }) => path.startsWith('abort'))).toBe(true)
  expect(back.flatMap(({ rings }) => rings)).toEqual([])
})
