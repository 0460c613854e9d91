import { expect, test } from 'vitest'
import type { Manifest } from '../../../src/steps/host/manifest.ts'
import { perhapsEqualBytes } from '../../../src/steps/window/listed-ahead.ts'

const of = (files: Record<string, [size: number, digest: string]>): Manifest =>
  new Map(
    Object.entries(files).map(([path, [size, digest]]) => [path, { size, digest, dataBytes: size / 2 }]),
  )

test('perhaps equal is what has no digest and the same size on a peer; what is new or has grown is sure to differ', () => {
  const named = of({
    same: [100, 'unread'],
    grown: [80, 'unread'],
    fresh: [60, 'unread'],
    marked: [40, 'full:a'],
  })
  const peer = of({ same: [100, 'full:b'], grown: [70, 'full:c'], marked: [40, 'full:a'] })
  expect(perhapsEqualBytes(named, [peer, of({})])).toBe(50)
  expect(perhapsEqualBytes(named, [peer, of({ fresh: [60, 'full:d'] })])).toBe(80)
  expect(perhapsEqualBytes(named, [])).toBe(0)
})
