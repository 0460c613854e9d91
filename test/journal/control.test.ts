import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clearControl, readControl, writeControl } from '../../src/journal/control.ts'
import { scratch } from './scratch.ts'

test('what another terminal asks is read until it is cleared', () => {
  const dir = scratch()
  expect(readControl(dir)).toBeUndefined()
  writeControl(dir, 'pause')
  expect(readControl(dir)).toBe('pause')
  writeControl(dir, 'abort')
  expect(readControl(dir)).toBe('abort')
  writeControl(dir, 'pause')
  expect(readControl(dir)).toBe('abort')
  clearControl(dir)
  clearControl(dir)
  expect(readControl(dir)).toBeUndefined()
})

test('any other word asks nothing', () => {
  const dir = scratch()
  writeFileSync(join(dir, 'control'), 'commit\n')
  expect(readControl(dir)).toBeUndefined()
})
