import { expect, test } from 'vitest'
import { remembering } from '../../src/evnode/remembering.ts'

test('asked the same again, it gives the answer it gave; asked another text or other values, it works anew', () => {
  const asked: string[] = []
  const shout = remembering((text: string, ends: { readonly with: string }) => {
    asked.push(text + ends.with)
    return { text: text.toUpperCase() + ends.with }
  })
  const first = shout('halt', { with: '!' })
  expect(first).toEqual({ text: 'HALT!' })
  expect(shout('halt', { with: '!' })).toBe(first)
  expect(shout('halt', { with: '?' })).toEqual({ text: 'HALT?' })
  expect(shout('go', { with: '!' })).toEqual({ text: 'GO!' })
  expect(asked).toEqual(['halt!', 'halt?', 'go!'])
})

test('what throws is asked anew, and answers that nobody asks for again do not pile up', () => {
  let tries = 0
  const second = remembering((text: string) => {
    if (++tries === 1) throw new Error('not yet')
    return text
  })
  expect(() => second('a')).toThrow('not yet')
  expect(second('a')).toBe('a')
  for (let k = 0; k < 1_000; k++) second(`text ${k}`)
  const before = tries
  second('a')
  expect(tries).toBe(before + 1)
})
