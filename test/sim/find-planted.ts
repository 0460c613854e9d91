import { plantedBugs } from './planted.ts'
import type { Sim } from './sim.ts'
import { simulate } from './simulate.ts'

export interface Found {
  readonly name: string
  /** How many seeds it took; null when so many as were allowed did not find it. */
  readonly seeds: number | null
  /** What was seen. */
  readonly why: string
}

/** Looks for each planted bug whose name is wanted, seed after seed from 1. */
export async function findPlanted(
  seedsMax: number,
  tell: (found: Found) => void = () => undefined,
  wanted: (name: string) => boolean = () => true,
): Promise<Found[]> {
  let current: Sim | null = null
  const all: Found[] = []
  for (const { name, steps, prepare, kinds, walks, scene, around } of plantedBugs(() => current as Sim)) {
    if (!wanted(name)) continue
    const giveBack = around?.()
    let found: Found = { name, seeds: null, why: '' }
    try {
      for (let seed = 1; seed <= seedsMax && found.seeds === null; seed++) {
        const { broken } = await simulate({
          seed,
          ...scene,
          ...(steps === undefined ? {} : { steps }),
          ...(kinds === undefined ? {} : { kinds }),
          ...(walks === undefined
            ? {}
            : { faults: [{ ...walks.fault, nth: ((seed - 1) % walks.points) + 1 }] }),
          prepare: (sim) => {
            current = sim
            prepare?.(sim)
          },
        })
        if (broken.length > 0) found = { name, seeds: seed, why: broken.join('; ') }
      }
    } finally {
      giveBack?.()
    }
    tell(found)
    all.push(found)
  }
  return all
}
