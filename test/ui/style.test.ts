import { expect, test } from 'vitest'
import { wantsColour } from '../../src/ui/style.ts'

test.each([
  ['a terminal', true, {}, true, true],
  ['a pipe', undefined, {}, true, false],
  ['NO_COLOR', true, { NO_COLOR: '1' }, true, false],
  ['an empty NO_COLOR', true, { NO_COLOR: '' }, true, true],
  ['TERM=dumb', true, { TERM: 'dumb' }, true, false],
  ['--no-color', true, { FORCE_COLOR: '1' }, false, false],
  ['FORCE_COLOR on a pipe', undefined, { FORCE_COLOR: '1' }, true, true],
  ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, true, false],
  ['NO_COLOR beside FORCE_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
])('%s decides about colour', (_name, isTTY, env, allowed, colour) => {
  expect(wantsColour({ isTTY }, env, allowed)).toBe(colour)
})
