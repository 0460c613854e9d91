import type { Effect } from './effect.ts'
import { ended, type Told, toldTo } from './events.ts'
import type { Moment, Move, Second } from './move.ts'
import type { Pilot, Pilots } from './pilot.ts'
import type { Subject } from './subject.ts'
import type { Run, Size, World } from './world.ts'

/** Who acts beside the run: hosts and dead-men, or a second operator with a run of his own. */
export type Beside = 'hosts' | 'otherRun'

/** Everything that can happen next: to the run, to whoever is beside it, and to the hosts. */
export class Moves {
  readonly #subject: Subject
  readonly #pilots: Pilots
  readonly #size: Size
  readonly #beside: Beside

  constructor(subject: Subject, pilots: Pilots, size: Size, beside: Beside) {
    this.#subject = subject
    this.#pilots = pilots
    this.#size = size
    this.#beside = beside
  }

  from(moment: Moment): Move[] {
    const { pilot, second } = moment
    const moves = this.#of(moment, pilot, 'this', (to) => ({ pilot: to, second }))
    if (this.#beside !== 'otherRun') moves.push(...this.#ofHosts(moment))
    if (second?.kind === 'awake')
      moves.push(
        ...this.#of(moment, second.pilot, second.run, (to) => ({ pilot, second: { ...second, pilot: to } })),
      )
    if (this.#beside === 'hosts') moves.push(...this.#ofTakeover(moment))
    return moves
  }

  /** What one run can do: change the hosts, hear of its step's end, be told something. */
  #of(moment: Moment, pilot: Pilot, run: Run, put: (to: Pilot) => Pick<Moment, 'pilot' | 'second'>): Move[] {
    const moves: Move[] = []
    const who = run === 'other' ? 'a second operator, with a run of his own: ' : ''
    const tell = ({ name, says, event, fair }: Told) => {
      const to = this.#pilots.move(pilot, name, event)
      if (to === pilot) return
      const world = name === 'NEXT_ATTEMPT' ? attemptAfter(moment.world) : moment.world
      const next = { world, ...put(to) }
      moves.push({ says: who + says, to: next, fair, by: null, needs: null })
    }
    const { work } = pilot.view
    const effect: Effect | undefined = work === null ? undefined : this.#subject.effects[work]
    if (effect !== undefined) {
      const scene = { ...this.#size, run }
      for (const act of effect.acts)
        for (const world of act.to(moment.world, scene)) {
          const next = { world, ...put(pilot) }
          moves.push({ says: who + act.says, to: next, fair: true, by: pilot, needs: effect.needs })
        }
      for (const output of effect.done(moment.world, scene) ?? []) {
        const end = ended(pilot, output)
        if (end !== null) tell(end)
      }
    }
    for (const one of toldTo(pilot)) if (this.#beside !== 'otherRun' || one.fair) tell(one)
    return moves
  }

  /** Another workstation has the journal as it is now, or was at some time, and goes on from it. */
  #ofTakeover({ pilot, second, world }: Moment): Move[] {
    const { refusesOld, wholeJournal } = this.#subject.granted
    const move = (says: string, to: Pilot, beside: Second | null): Move => ({
      says,
      to: { pilot: to, second: beside, world },
      fair: false,
      by: null,
      needs: null,
    })
    if (second === null && !(refusesOld && wholeJournal))
      return [move('another workstation has the journal up to here', pilot, { kind: 'copy', pilot })]
    // With the whole journal and nobody beside, a takeover is the resume that every run knows.
    if (second?.kind !== 'copy' || (wholeJournal && second.pilot !== pilot)) return []
    const resumed = this.#pilots.move(second.pilot, 'RESUME', { type: 'RESUME', windowOverran: false })
    const old: Second | null = refusesOld ? null : { kind: 'awake', pilot, run: 'this' }
    return [move('the other workstation takes the run over, with the journal it has', resumed, old)]
  }

  #ofHosts({ pilot, second, world }: Moment): Move[] {
    const scene = { ...this.#size, run: 'this' as const }
    return this.#subject.actors
      .flatMap((actor) => actor.acts)
      .flatMap(({ says, to, sure: fair = false }) =>
        to(world, scene).map((next) => ({
          says,
          to: { pilot, second, world: next },
          fair,
          by: null,
          needs: null,
        })),
      )
  }
}

/** A new attempt speaks of its own decision, and knows nothing of peers that did not answer on the way back. */
const attemptAfter = (world: World): World => ({
  ...world,
  stale: true,
  warm: 0,
  lingering: world.lingering + world.warm,
})
