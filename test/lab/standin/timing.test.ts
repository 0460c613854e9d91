// Left to itself the stand-in takes the real node's time: a window measured on it is not better than it will be.
import { expect, test } from 'vitest'
import { standIn } from '../../conformance/subject.ts'
import { timingOf } from '../../conformance/timing.ts'

test('unless a test asks for fast time, the first block comes seconds after the third start, as on the real node', async () => {
  const { stopMs, firstBlockMs } = await timingOf({ ...standIn, env: {} })
  // Figures of both nodes side by side: `script/bench node`. A busy machine makes it longer, never shorter than a
  // process, an election and one block time.
  expect(firstBlockMs).toBeGreaterThan(1_200)
  expect(firstBlockMs).toBeLessThan(46_000)
  expect(stopMs).toBeGreaterThan(10)
  expect(stopMs).toBeLessThan(18_000)
})
