// The whole crash matrix on real processes: its points by runs without a fault, its chains one lab each, several labs at once.
import { readFileSync, rmSync } from 'node:fs'
import { setWindow } from '../embedded/chain.ts'
import { withLab } from '../embedded/lab.ts'
import { builtWorkstation } from './built.ts'
import { type Cell, cellsOf, nameOf, ownPoints, type Way, ways } from './cells.ts'
import { type Chain, chainsOf, chainsOfSorts, chainsOfStates, shareOf } from './chains.ts'
import { goneWell } from './operator.ts'
import { distinctOf, type Point, sortOf } from './points.ts'
import { type Ended, StruckLab } from './struck-lab.ts'

/** Long enough that a run adopted in the window goes on in it; of every so-many-th lab so short that the source is back before. */
const deadManSeconds = { long: 40, short: 10 }
const shortEvery = 4
/** A hanging command is given up before a long dead-man acts, and after a short one. */
const hungMs = { long: 2_000, short: 12_000 }
const budgetSeconds = 600
/** What was not come to on a third lab either is struck alone, this many at most. */
const aloneMax = 60

export interface Asked {
  /** Which of the points that are alike is struck. */
  readonly night: number
  readonly share: number
  readonly shares: number
  /** Those cells whose names have these words, each on a lab of its own; undefined: all. */
  readonly words: string | undefined
  readonly labs: number
  readonly say: (text: string) => void
}

export interface Struck {
  readonly cells: number
  readonly struck: number
  readonly broken: readonly string[]
}

/** The way without a fault: its points in their order. */
export async function pointsOf(way: Way, built: string): Promise<Point[]> {
  let points: Point[] = []
  await withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds: deadManSeconds.long, budgetSeconds })
    const run = new StruckLab(lab, { goal: way, cells: null, exact: true, hungMs: hungMs.long, built })
    const { state, broken, told } = await run.through()
    if (broken.length > 0 || state !== goneWell[way])
      throw new Error(`without a fault it ends in ${state}: ${broken.join('; ')}\n${told.join('\n')}`)
    points = readFileSync(run.heard, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Point)
  })
  return points
}

async function strike({ goal, cells, exact }: Chain, index: number, built: string): Promise<Ended> {
  const length = index % shortEvery === shortEvery - 1 ? 'short' : 'long'
  let ended: Ended | undefined
  await withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds: deadManSeconds[length], budgetSeconds })
    ended = await new StruckLab(lab, { goal, cells, exact, hungMs: hungMs[length], built }).through()
  })
  if (ended === undefined) throw new Error('the lab did not work')
  return ended
}

/** Strikes what was asked for, and says what comes of each lab as it ends. */
export async function strikeMatrix(asked: Asked): Promise<Struck> {
  const { night, share, shares, words, say } = asked
  const built = await builtWorkstation()
  try {
    const seen = []
    for (const way of ways) seen.push([way, await pointsOf(way, built)] as const)
    const own = ownPoints(seen)
    const literally = own.flatMap(([, points]) => points).length
    const distinct = own.map(([way, points]) => [way, distinctOf(points, night)] as const)
    const cells = cellsOf(distinct)
    say(
      `${seen.map(([way, points]) => `${way}: ${points.length} points`).join(', ')}; of ${literally} points in other states ${new Set(own.flatMap(([, points]) => points.map(sortOf))).size} are of different sorts: ${cells.length} cells`,
    )
    if (words !== undefined) {
      const chosen = cellsOf(own).filter((cell) => nameOf(cell).includes(words))
      const alone = chosen.map((cell): Chain => ({ goal: cell.goal, cells: [cell], exact: true }))
      return await new Night(asked, built).strikeAll(alone)
    }
    const chains = shareOf(chainsOf(cells), share, shares)
    say(`${chainsOf(cells).length} chains, ${chains.length} of them now`)
    return await new Night(asked, built).strikeAll(chains)
  } finally {
    rmSync(built, { recursive: true, force: true })
  }
}

/** Labs side by side until nothing is left; what was not come to is tried again at any point of its sort, then with fewer strikes on a lab, then alone. */
class Night {
  readonly #asked: Asked
  readonly #built: string
  readonly #broken: string[] = []
  #struck = 0
  #labs = 0
  #cells = 0
  readonly #startedMs = performance.now()

  constructor(asked: Asked, built: string) {
    this.#asked = asked
    this.#built = built
  }

  async strikeAll(chains: readonly Chain[]): Promise<Struck> {
    this.#cells = chains.flatMap((chain) => chain.cells).length
    const left = await this.#strike(chains)
    this.#tell('in chains', left)
    const ofSorts = await this.#strike(chainsOfSorts(left))
    this.#tell('at any point of the sort', ofSorts)
    const again = await this.#strike(chainsOfStates(ofSorts))
    this.#tell('each state once', again)
    const alone = again.slice(0, aloneMax)
    const never = await this.#strike(alone.map((cell) => ({ goal: cell.goal, cells: [cell], exact: false })))
    never.push(...again.slice(alone.length))
    this.#tell('alone', never)
    for (const cell of never) this.#asked.say(`  not come to: ${nameOf(cell)}`)
    return { cells: this.#cells, struck: this.#struck, broken: this.#broken }
  }

  #tell(round: string, left: readonly Cell[]): void {
    const minutes = (performance.now() - this.#startedMs) / 60_000
    this.#asked.say(
      `${round}: ${this.#struck} of ${this.#cells} cells struck on ${this.#labs} labs in ${minutes.toFixed(1)} min, ${(this.#struck / minutes).toFixed(0)} a minute; ${left.length} points were not come to, ${this.#broken.length} broken`,
    )
  }

  /** At the pace so far; those that are tried again take longer. */
  get #minutesLeft(): string {
    const perCell = (performance.now() - this.#startedMs) / 60_000 / this.#struck
    return (perCell * (this.#cells - this.#struck)).toFixed(0)
  }

  /** Returns the cells whose points were not come to. */
  async #strike(chains: readonly Chain[]): Promise<Cell[]> {
    const left: Cell[] = []
    let next = 0
    const work = async (): Promise<void> => {
      while (next < chains.length) {
        const chain = chains[next++]
        if (chain !== undefined) left.push(...(await this.#one(chain)))
      }
    }
    await Promise.all(Array.from({ length: this.#asked.labs }, work))
    return left
  }

  async #one(chain: Chain): Promise<Cell[]> {
    const { say } = this.#asked
    const number = ++this.#labs
    const startedMs = performance.now()
    const ended = await strike(chain, number, this.#built).catch(
      (thrown: unknown): Ended => ({ struck: [], state: 'nothing', told: [], broken: [String(thrown)] }),
    )
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0)
    this.#struck += ended.struck.length
    const name = `lab ${number}, ${chain.goal}`
    say(
      `${name}: ${ended.struck.length} of ${chain.cells.length} cells struck, ended in ${ended.state}, ${seconds} s, ${ended.told.length - ended.struck.length} commands; at least ${this.#minutesLeft} min are left`,
    )
    if (ended.broken.length > 0) {
      const story = [`${name}: ${ended.broken.join('; ')}`, ...ended.told].join('\n  ')
      say(`BROKEN ${story}`)
      this.#broken.push(story)
    } else if (2 * ended.struck.length < chain.cells.length || process.env['EVHA_MATRIX_TELL'])
      for (const line of ended.told) say(`  ${line}`)
    return leftOf(chain, ended)
  }
}

/** A cell that was struck is known by what it was made from, but for the very point. */
function leftOf({ cells }: Chain, { struck }: Ended): Cell[] {
  const keyOf = ({ goal, place, kind, point }: Cell) => `${goal} ${place} ${kind} ${sortOf(point)}`
  const done = new Set(struck.map(keyOf))
  return cells.filter((cell) => !done.has(keyOf(cell)))
}
