import { expect, test } from 'vitest'
import { LiveRegion } from '../../src/ui/live-region.ts'
import { Screen } from './screen.ts'

test('lines that stay scroll past above the region, and the region is drawn in place', () => {
  const screen = new Screen()
  const region = new LiveRegion(screen)
  region.write('first\n')
  region.show(['now 1', 'height 7'])
  region.show(['now 2', 'height 8'])
  expect(screen.text).toBe('first\nnow 2\nheight 8')
  region.write('second\n')
  expect(screen.text).toBe('first\nsecond\nnow 2\nheight 8')
  region.show(['now 3'])
  expect(screen.text).toBe('first\nsecond\nnow 3')
  region.show([])
  region.write('third\n')
  expect(screen.text).toBe('first\nsecond\nthird')
})

test('each change is one write, so that nothing flickers', () => {
  const screen = new Screen()
  const region = new LiveRegion(screen)
  region.show(['a', 'b'])
  region.write('line\n')
  region.show(['c'])
  expect(screen.writes).toBe(3)
})

test('a line that takes two rows is taken away whole', () => {
  const screen = new Screen(20)
  const region = new LiveRegion(screen)
  region.show(['a command that is longer than the screen'.slice(0, 35), 'short'])
  region.show(['x'])
  expect(screen.text).toBe('x')
})

test('no more is shown than the screen has room for', () => {
  const screen = new Screen(80, 4)
  const region = new LiveRegion(screen)
  region.show(['1', '2', '3', '4', '5'])
  expect(screen.text).toBe('1\n2\n3')
})
