import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { keyAsidePath, putKeyBack, setKeyAside } from '../../../src/steps/host/key-aside.ts'
import { signerPath } from '../../../src/steps/host/unit-files.ts'
import { locally, nodeIn, scratch } from './locally.ts'

function withKey() {
  const spec = nodeIn(scratch())
  const [key, aside] = [signerPath(spec), keyAsidePath(spec)]
  mkdirSync(dirname(key), { recursive: true })
  writeFileSync(key, 'the key', { mode: 0o600 })
  return { spec, key, aside }
}

test('the key is set aside and put back as it was, each as often as it is asked for', () => {
  const { spec, key, aside } = withKey()
  const { ino, mode } = statSync(key)
  for (let times = 0; times < 2; times++) {
    expect(locally(setKeyAside(spec)).code).toBe(0)
    expect([existsSync(key), readFileSync(aside, 'utf8')]).toEqual([false, 'the key'])
  }
  for (let times = 0; times < 2; times++) {
    expect(locally(putKeyBack(spec)).code).toBe(0)
    expect([readFileSync(key, 'utf8'), existsSync(aside)]).toEqual(['the key', false])
  }
  expect(statSync(key)).toMatchObject({ ino, mode })
})

test('a key that a hand has laid in its place meanwhile stays there', () => {
  const { spec, key, aside } = withKey()
  locally(setKeyAside(spec))
  writeFileSync(key, 'the same key')
  expect(locally(putKeyBack(spec)).code).toBe(0)
  expect([readFileSync(key, 'utf8'), readFileSync(aside, 'utf8')]).toEqual(['the same key', 'the key'])
})

test('a key that is nowhere is no success, and it is said where it was looked for', () => {
  const { spec, key, aside } = withKey()
  rmSync(key)
  const { code, stderr } = locally(putKeyBack(spec))
  expect(code).toBe(1)
  expect(stderr).toContain(`the key is neither at ${key} nor at ${aside}`)
})
