import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { explainError } from '../../../src/evnode/errors.ts'
import { recordedCases, said } from './said.ts'

const tests = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))

test.each(recordedCases)('recorded on the real node, brought about on the stand-in: %s', (name) => {
  expect(tests.some((text) => text.includes(`said('${name}')`))).toBe(true)
  // Only what is no error has nothing to be explained.
  if (name !== 'self in raft.peers, byte-equal address') expect(explainError(said(name))).toBeDefined()
})
