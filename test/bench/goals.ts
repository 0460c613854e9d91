import { quantile } from './figures.ts'
import { cameOver, type Round } from './round.ts'

export interface Goal {
  readonly what: string
  readonly goal: string
  readonly seen: string
  readonly held: boolean
}

/** What evha's window is to be, beside what these rounds showed; only what they can show. */
export function goalsOf(rounds: readonly Round[]): Goal[] {
  const evha = rounds.filter(({ key }) => key === 'evha')
  const own = evha.flatMap((one) => one.evha ?? [])
  const gaps = (key: string, size: number) =>
    rounds
      .filter((one) => one.key === key && one.size === size && cameOver(one))
      .flatMap(({ verdict }) => verdict?.gapMs ?? [])
  const sizes = [...new Set(evha.map(({ size }) => size))].sort((a, b) => a - b)
  const [small = 1, large = small] = [sizes[0], sizes.at(-1)]
  const ratio = (above: readonly number[], below: readonly number[]) =>
    quantile(above, 0.5) / quantile(below, 0.5)
  const whole = evha.filter(({ verdict }) => verdict?.voting === 5 && verdict.forks === 0).length
  return [
    ...sizes.flatMap((size) => [
      atMost(
        `gap p50 of ${gaps('evha', size).length} rounds at ${size} x`,
        quantile(gaps('evha', size), 0.5),
        5_500,
        'ms',
      ),
      atMost(`gap p99 at ${size} x`, quantile(gaps('evha', size), 0.99), 9_000, 'ms'),
      atMost(
        `gap beside the hand-tuned script's at ${size} x`,
        ratio(gaps('evha', size), gaps('script', size)),
        1,
        'x',
      ),
      atMost(
        `its part of the gap at ${size} x, as it reports it, p95`,
        quantile(
          evha.filter((one) => one.size === size).flatMap(({ evha }) => evha?.ownMs ?? []),
          0.95,
        ),
        500,
        'ms',
      ),
    ]),
    ...(large === small
      ? []
      : [
          atMost(
            `gap at ${large} x over gap at ${small} x`,
            ratio(gaps('evha', large), gaps('evha', small)),
            1.1,
            'x',
          ),
        ]),
    {
      what: 'five of five voting, no fork',
      goal: 'every round',
      seen: `${whole} of ${evha.length}`,
      held: whole === evha.length,
    },
    atMost(
      '`check` of five hosts, p95',
      quantile(
        own.map(({ checkMs }) => checkMs),
        0.95,
      ),
      15_000,
      'ms',
    ),
    atMost(
      'memory, most of all rounds',
      quantile(
        own.map(({ memoryMb }) => memoryMb),
        1,
      ),
      150,
      'MB',
    ),
  ].filter(({ seen }) => !seen.startsWith('NaN'))
}

export function atMost(what: string, seen: number, most: number, unit: 'ms' | 'MB' | 'x' | '%'): Goal {
  return {
    what,
    goal: `<= ${most} ${unit}`,
    seen: `${unit === 'x' ? seen.toFixed(2) : Math.round(seen)} ${unit}`,
    held: seen <= most,
  }
}

export function goalTable(goals: readonly Goal[]): string {
  const rows = goals.map(
    ({ what, goal, seen, held }) => `| ${what} | ${goal} | ${seen} | ${held ? 'yes' : '**no**'} |`,
  )
  return `| figure | goal | seen | held |\n|---|---|---|---|\n${rows.join('\n')}`
}
