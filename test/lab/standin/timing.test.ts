// Left to itself the stand-in takes the real node's time: a window measured on it is not better than it will be.
import { expect, test } from 'vitest'
import { standIn } from '../../conformance/subject.ts'
import { timingOf } from '../../conformance/timing.ts'

test('unless a test asks for fast time, the first block comes seconds after the third start, as on the real node', async () => {
  const { stopMs, firstBlockMs } = await timingOf({ ...standIn, env: {} })
  // Figures of both nodes side by side: `script/bench node`. A busy machine makes it longer, never shorter than an
  // election, a peer asked once more and one block time.
  expect(firstBlockMs).toBeGreaterThan(2_000)
  expect(firstBlockMs).toBeLessThan(46_000)
  expect(stopMs).toBeGreaterThan(100)
  expect(stopMs).toBeLessThan(18_000)
})
