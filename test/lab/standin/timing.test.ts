// Left to itself the stand-in takes the real node's time: a window measured on it is not better than it will be.
import { expect, test } from 'vitest'
import { standIn } from '../../conformance/subject.ts'
import { timingOf } from '../../conformance/timing.ts'

test('unless a test asks for fast time, the first block comes seconds after the third start, as on the real node', async () => {
  const { stopMs, firstBlockMs } = await timingOf({ ...standIn, env: {} })
  // Seen on the real node: 3.6 to 4.6 s, and 0.1 to 1.8 s for the stop. A busy machine makes it longer, never shorter.
  expect(firstBlockMs).toBeGreaterThan(2_000)
  expect(firstBlockMs).toBeLessThan(46_000)
  expect(stopMs).toBeGreaterThan(10)
  expect(stopMs).toBeLessThan(18_000)
})
