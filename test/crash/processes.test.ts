// The crash matrix on real processes: the points are those of runs without a fault on a lab, and many of them are struck
// on one lab, one after the other. EVHA_MATRIX_SHARE=K/N strikes a part of the labs, EVHA_MATRIX_CELL=WORDS those
// cells whose names have these words, each on a lab of its own, EVHA_MATRIX_LABS=N so many labs at once.
import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { strikeMatrix } from './matrix.ts'

const nightlyTest = test.skipIf(process.env['EVHA_TEST_TIER'] !== 'nightly')
const dayMs = 86_400_000
/** A lab waits most of the time, and so many keep a processor busy. */
const labsPerProcessor = 3

/** The part that is struck, and which of the points that are alike: they turn with the night, or with the part. */
function wanted(): { readonly share: number; readonly shares: number; readonly night: number } {
  const given = process.env['EVHA_MATRIX_SHARE']
  const [share = 0, shares = 1] = (given?.split('/') ?? []).map(Number)
  if (!(share >= 0 && share < shares)) throw new Error('EVHA_MATRIX_SHARE is K/N, K from 0 to below N')
  return { share, shares, night: given === undefined ? Math.floor(Date.now() / dayMs) : share }
}

nightlyTest(
  'wherever real processes are struck: no height signed twice, the end that was wanted, the chain goes on, the journal whole',
  async () => {
    const { cells, struck, broken } = await strikeMatrix({
      ...wanted(),
      words: process.env['EVHA_MATRIX_CELL'],
      labs: Number(process.env['EVHA_MATRIX_LABS'] ?? labsPerProcessor * availableParallelism()),
      say: (text) => void process.stdout.write(`${text}\n`),
    })
    expect(broken).toEqual([])
    // Now and then a point is none of these runs: a look that was not needed, a copy that was already there.
    expect(struck).toBeGreaterThan(0.9 * cells)
  },
  10 * 60 * 60_000,
)
