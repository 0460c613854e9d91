import fc from 'fast-check'
import { expect, test } from 'vitest'
import { distantNodes, nodeTiming, timingAsked, timingFor } from '../../src/evnode/timing.ts'

test.each([null, 0.2, 23, 50])("with %s ms the node's defaults stand", (rtt) => {
  expect(timingFor(rtt)).toMatchObject(nodeTiming)
  expect(timingFor(rtt).because).toContain("the node's defaults")
})

test('on a long way the rules of the guide win', () => {
  expect(timingFor(100)).toMatchObject({ heartbeatMs: 500, electionMs: 2000, leaseMs: 250, sendMs: 200 })
  expect(timingFor(60.2)).toMatchObject({ heartbeatMs: 350, electionMs: 1204, leaseMs: 175, sendMs: 200 })
  expect(timingFor(100).because).toContain('the largest round trip is 100 ms')
})

test('whatever the way, the node can start with it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 2000, noNaN: true }), (rtt) => {
      const { because: _, ...timing } = timingFor(rtt)
      expect(timingAsked(timing)).toMatchObject(timing)
    }),
  )
})

test('the tight values of the guide are taken when asked for, with a warning', () => {
  const guide = { heartbeatMs: 92, electionMs: 368, leaseMs: 46, sendMs: 50 }
  expect(timingAsked(guide)).toMatchObject(guide)
  expect(timingAsked(guide).because).toContain('leaders exit when a host is busy')
  expect(timingAsked(nodeTiming).because).toBe('as the runbook asks')
})

test.each([
  [{ ...nodeTiming, leaseMs: 351 }, 'lease'],
  [{ ...nodeTiming, electionMs: 349 }, 'election'],
  [{ ...nodeTiming, sendMs: 4 }, 'at least 5 ms'],
  [{ ...nodeTiming, leaseMs: Number.NaN }, 'at least 5 ms'],
])('%j is refused', (timing, word) => {
  expect(() => timingAsked(timing)).toThrow(word)
})

const mesh = (rtt: (one: string, other: string) => number) =>
  ['a', 'b', 'c', 'd'].flatMap((from) =>
    ['a', 'b', 'c', 'd'].filter((to) => to !== from).map((to) => ({ from, to, rttMs: rtt(from, to) })),
  )

test('a node at twice the distance of the others is named, noise on a short way is not', () => {
  expect(distantNodes(mesh((one, other) => (one === 'd' || other === 'd' ? 40 : 20)))).toEqual(['d'])
  expect(distantNodes(mesh(() => 20))).toEqual([])
  expect(distantNodes(mesh((one, other) => (one === 'd' || other === 'd' ? 0.4 : 0.1)))).toEqual([])
})
