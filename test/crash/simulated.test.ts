// The crash matrix: every point of a migration, an abort in the window and a rollback at which evha writes a line of
// its journal, sends a command or gets an answer, struck by every kind of fault that fits, and gone on with on the same and
// on another workstation. The points are taken from a run without a fault, so a new command is a new row. CI strikes a
// sample, the nightly tier all of them.
import { expect, test } from 'vitest'
import { crashMatrix } from '../sim/matrix.ts'

const nightly = process.env['EVHA_TEST_TIER'] === 'nightly'
/** One cell in so many, the same ones each time: CI must not hang on the day. */
const every = nightly ? 1 : 311

test(
  'wherever it is struck: one writer, no height signed twice, no block lost, a final state reached, the journal whole',
  async () => {
    const matrix = await crashMatrix({ every })
    process.stdout.write(matrix.text)
    expect(matrix.broken).toEqual([])
    expect(matrix.cells).toBeGreaterThan(50)
  },
  4 * 60 * 60_000,
)
