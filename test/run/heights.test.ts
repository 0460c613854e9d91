import { expect, test } from 'vitest'
import { Heights } from '../../src/run/heights.ts'

test('a height is kept once, when it is first seen', () => {
  const heights = new Heights()
  for (const [height, atMs] of [
    [7, 100],
    [7, 200],
    [8, 300],
  ] as const)
    heights.note('node-1', height, atMs)
  heights.note('node-2', 7, 250)
  expect(heights.newest()).toEqual({ 'node-1': 8, 'node-2': 7 })
  expect(heights.take()).toEqual({
    'node-1': [
      [100, 7],
      [300, 8],
    ],
    'node-2': [[250, 7]],
  })
  expect(heights.take()).toBeNull()
})

test('a watch of a day is thinned evenly and stays small', () => {
  const heights = new Heights()
  const day = 86_400
  for (let second = 1; second <= day; second++) heights.note('node-1', second, second * 1_000)
  const points = heights.take()?.['node-1'] ?? []
  expect(points.length).toBeLessThanOrEqual(240)
  expect(points.length).toBeGreaterThan(60)
  expect(points[0]).toEqual([1_000, 1])
  const apart = points.slice(1).map(([atMs], i) => atMs - (points[i]?.[0] ?? 0))
  // No stretch of the day is told three times as finely as another.
  expect(Math.max(...apart.slice(0, -1))).toBeLessThan(3 * Math.min(...apart.slice(0, -1)))
})
