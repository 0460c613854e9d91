// The crash matrix on real processes: the points are those of runs without a fault on a lab, and each cell is a lab of its own that is
// struck there. All of them take days, so each night strikes one part, the next night the next one: EVHA_MATRIX_SHARE=K/N
// chooses another, EVHA_MATRIX_CELL=WORDS those cells whose names have these words.
import { expect, test } from 'vitest'
import { type Cell, cellsOf, goals, nameOf, type Point, shareOf } from './cells.ts'
import { pointsOf, strike } from './strike.ts'

const nightlyTest = test.skipIf(process.env['EVHA_TEST_TIER'] !== 'nightly')
const dayMs = 86_400_000
/** Nights in which all of it is struck. */
const nights = 100

function wanted(): readonly [share: number, shares: number] {
  const [share = Math.floor(Date.now() / dayMs) % nights, shares = nights] = (
    process.env['EVHA_MATRIX_SHARE']?.split('/') ?? []
  ).map(Number)
  if (!(share >= 0 && share < shares)) throw new Error('EVHA_MATRIX_SHARE is K/N, K from 0 to below N')
  return [share, shares]
}

/** The cells of this night, or those that were asked for. */
function chosen(all: readonly Cell[]): Cell[] {
  const words = process.env['EVHA_MATRIX_CELL']
  return words === undefined ? shareOf(all, ...wanted()) : all.filter((cell) => nameOf(cell).includes(words))
}

test('a line that is torn, an answer that is lost and a host that reboots are cells where they can be, each at both workstations', () => {
  const at = (kind: Point['at']): Point => ({
    by: 'migrate',
    at: kind,
    state: 'window.stop',
    what: kind,
    nth: 1,
  })
  const points = [at('append'), at('send'), at('answer')]
  const all = cellsOf([
    ['migrate', points],
    // What the migration has struck is not struck again.
    [
      'roll back',
      [...points, { by: 'rollback', at: 'append', state: 'soak', what: 'event ROLLBACK', nth: 1 }],
    ],
  ])
  const kindsAt = (state: string, kind: Point['at']) =>
    new Set(all.filter(({ point }) => point.state === state && point.at === kind).map((cell) => cell.kind))
  const everywhere = ['clock step', 'a second operator']
  const kills = ['kill before it', 'kill in the middle of it', 'kill after it']
  expect(kindsAt('window.stop', 'append')).toEqual(
    new Set([...kills, 'disk full on the workstation', ...everywhere]),
  )
  expect(kindsAt('window.stop', 'send')).toEqual(
    new Set([...kills, 'hung SSH', 'host reboots', ...everywhere]),
  )
  expect(kindsAt('window.stop', 'answer')).toEqual(new Set(['lost answer', ...everywhere]))
  expect(all.filter(({ goal }) => goal === 'roll back')).toHaveLength(2 * 6)
  expect(all).toHaveLength(2 * (6 + 7 + 3 + 6))
  const parts = [0, 1, 2].flatMap((share) => shareOf(all, share, 3))
  expect(parts.map(nameOf).sort()).toEqual(all.map(nameOf).sort())
})

nightlyTest(
  'wherever real processes are struck: no height signed twice, the end that was wanted, the chain goes on, the journal whole',
  async () => {
    const seen = []
    for (const goal of goals) seen.push([goal, await pointsOf(goal)] as const)
    const all = cellsOf(seen)
    const cells = chosen(all)
    const say = (text: string): void => void process.stdout.write(`${text}\n`)
    say(
      `${seen.map(([goal, points]) => `${goal}: ${points.length} points`).join(', ')}; ${all.length} cells, ${cells.length} of them now`,
    )
    const broken: string[] = []
    let struck = 0
    for (const cell of cells) {
      const name = nameOf(cell)
      const startedMs = performance.now()
      const ended = await strike(cell)
      const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
      struck += ended.struck ? 1 : 0
      say(`${name}: ${ended.struck ? '' : 'not reached, '}ended in ${ended.state}, ${seconds} s`)
      for (const line of ended.told) say(`  ${line}`)
      for (const why of ended.broken) {
        say(`  BROKEN: ${why}`)
        broken.push(`${name}: ${why}\n${ended.told.join('\n')}`)
      }
    }
    say(`${cells.length} cells of ${all.length}, ${struck} struck, ${broken.length} broken`)
    expect(broken).toEqual([])
    // Now and then a point is none of this run: a look that was not needed, a copy that was already there.
    expect(2 * struck).toBeGreaterThan(cells.length)
  },
  10 * 60 * 60_000,
)
