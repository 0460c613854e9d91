import { type Law, laws } from './laws.ts'
import type { Moment, Move } from './move.ts'
import { type Beside, Moves } from './moves.ts'
import type { Pilots } from './pilot.ts'
import type { Subject } from './subject.ts'
import { keyOf, type Size, untouched, type World } from './world.ts'

/** A law that was broken, and the shortest way there. */
export interface Broken {
  readonly law: string
  readonly says: string
  /** The state of the run in which it happens. */
  readonly state: string
  /** What happens, one sentence after the other, from the first look at the hosts. */
  readonly path: readonly string[]
}

export interface Searched {
  readonly moments: readonly Moment[]
  /** Moves looked at. */
  readonly moves: number
  readonly worlds: number
  readonly broken: readonly Broken[]
  /** For each moment the ones that lead to it by a fair move. */
  readonly fairInto: readonly (readonly number[])[]
  readonly pathTo: (index: number) => readonly string[]
}

/** No search of ours comes near; one that does is a defect, not a long night. */
const momentsMax = 2_000_000

/** So many laws broken say enough; the search need not end. */
const brokenMax = 1

/** Everything that can happen, breadth first, so that the first way to a moment is the shortest. */
export function search(subject: Subject, pilots: Pilots, size: Size, beside: Beside): Searched {
  return new Search(subject, pilots, size, beside).run()
}

class Search {
  readonly #moments: Moment[] = []
  readonly #parents: number[] = []
  readonly #says: string[] = []
  readonly #fairInto: number[][] = []
  readonly #indexes = new Map<number, number>()
  readonly #worlds = new Map<string, { world: World; id: number }>()
  readonly #broken = new Map<string, Broken>()
  readonly #size: Size
  readonly #moves: Moves
  #looked = 0

  constructor(subject: Subject, pilots: Pilots, size: Size, beside: Beside) {
    this.#size = size
    this.#moves = new Moves(subject, pilots, size, beside)
    const pilot = pilots.begin()
    const second = beside === 'otherRun' ? ({ kind: 'awake', pilot, run: 'other' } as const) : null
    this.#meet({ pilot, second, world: untouched }, -1, '')
  }

  run(): Searched {
    for (let at = 0; at < this.#moments.length && this.#broken.size < brokenMax; at++) {
      if (at > momentsMax) throw new Error(`the search of the machine has no end after ${at} moments`)
      const from = this.#moments[at] as Moment
      for (const move of this.#moves.from(from)) this.#follow(from, at, move)
    }
    return {
      moments: this.#moments,
      moves: this.#looked,
      worlds: this.#worlds.size,
      broken: [...this.#broken.values()],
      fairInto: this.#fairInto,
      pathTo: (index) => this.#pathTo(index),
    }
  }

  #follow(from: Moment, at: number, move: Move): void {
    this.#looked += 1
    const law = laws.find((one) => one.breaks(from, move, this.#size))
    if (law !== undefined) {
      this.#note(law, at, move)
      return
    }
    const to = this.#meet(move.to, at, move.says)
    if (move.fair && to !== at) this.#fairInto[to]?.push(at)
  }

  #note(law: Law, at: number, move: Move): void {
    if (this.#broken.has(law.name)) return
    this.#broken.set(law.name, {
      law: law.name,
      says: law.broken,
      state: (this.#moments[at] as Moment).pilot.view.path,
      path: [...this.#pathTo(at), move.says],
    })
  }

  /** The moment's index; a new one is put at the end, to be looked at later. */
  #meet(moment: Moment, parent: number, says: string): number {
    const world = this.#intern(moment.world)
    const { second } = moment
    const beside =
      second === null
        ? 0
        : 1 + second.pilot.id * 4 + (second.kind === 'copy' ? 0 : second.run === 'this' ? 1 : 2)
    const key = (world.id * 65_536 + moment.pilot.id) * 262_144 + beside
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.#moments.length
    this.#indexes.set(key, index)
    this.#moments.push({ ...moment, world: world.world })
    this.#parents.push(parent)
    this.#says.push(says)
    this.#fairInto.push([])
    return index
  }

  #intern(world: World): { world: World; id: number } {
    const key = keyOf(world)
    const known = this.#worlds.get(key)
    if (known !== undefined) return known
    const fresh = { world, id: this.#worlds.size }
    this.#worlds.set(key, fresh)
    return fresh
  }

  #pathTo(index: number): string[] {
    const path: string[] = []
    for (let at = index; at > 0; at = this.#parents[at] ?? 0) path.push(this.#says[at] ?? '')
    return path.reverse()
  }
}
