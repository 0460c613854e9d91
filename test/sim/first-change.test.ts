// Whoever finds the first change on a host must find the run there that it belongs to, whenever the process before died.
import { expect, test } from 'vitest'
import { runDirOn } from '../../src/run/holding.ts'
import { claimPath } from '../../src/steps/prepare/claim.ts'
import type { Sim } from './sim.ts'
import { simulate } from './simulate.ts'

/** How many hosts keep a copy of a journal when the source is first seen claimed; null when it never was. */
async function copiesAtClaim(nth: number): Promise<number | null> {
  let copies: number | null = null
  const prepare = (sim: Sim): void => {
    sim.meets = () => {
      const { files, spec } = sim.source
      if (copies !== null || !files.exists(claimPath(spec))) return
      copies = sim.hosts.filter(({ files: on, spec: its }) => {
        const runs = runDirOn(its, '').replace(/\/$/, '')
        return on.exists(runs) && on.below(runs).some((path) => path.endsWith('/journal.jsonl'))
      }).length
    }
  }
  const fault = { kind: 'kill before it', state: 'preparePeers', nth } as const
  const seen = await simulate({ seed: 1, nodes: 3, goal: 'migrate', faults: [fault], quiet: true, prepare })
  expect(seen.broken, `at point ${nth}`).toEqual([])
  return copies
}

test('killed anywhere before the source is claimed: a majority keeps the run when it is', async () => {
  for (let nth = 1; nth <= 13; nth += 3)
    expect(await copiesAtClaim(nth), `at point ${nth}`).toBeGreaterThanOrEqual(2)
})
