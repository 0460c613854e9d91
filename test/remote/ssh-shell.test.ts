import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reads } from '../../src/base/command.ts'
import { fitsBecoming, fitsShell, untilMark } from '../../src/remote/ssh-shell.ts'

test('the mark is found in any slicing of the output, and everything before it is passed on as it was', () => {
  const mark = 'aab'
  const piece = fc.constantFrom('a', 'aa', 'b', 'x', '\n', 'é', 'ab')
  fc.assert(
    fc.property(
      fc.array(piece).map((parts) => parts.join('')),
      fc.string(),
      fc.array(fc.nat(40)),
      (before, after, cuts) => {
        fc.pre(!`${before}aa`.includes(mark) && !`${before}a`.endsWith('aaa'))
        const stream = Buffer.from(`${before}${mark}${after}`)
        const first = stream.indexOf(mark)
        const got: Buffer[] = []
        const feed = untilMark(mark, { add: (bytes) => got.push(Buffer.from(bytes)) })
        const at = [
          0,
          ...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b),
          stream.length,
        ]
        const rest = at.slice(1).map((end, i) => feed(stream.subarray(at[i], end)))
        expect(Buffer.concat(got).equals(stream.subarray(0, first))).toBe(true)
        const behind = Buffer.concat(rest.flatMap((bytes) => bytes ?? []))
        expect(behind.equals(stream.subarray(first + mark.length))).toBe(true)
      },
    ),
  )
})

test('bytes that can not begin the mark are passed on at once', () => {
  const got: string[] = []
  const feed = untilMark('mark', { add: (bytes) => got.push(bytes.toString()) })
  feed(Buffer.from('line\n'))
  feed(Buffer.from('and ma'))
  expect(got).toEqual(['line\n', 'and '])
})

test('a waiting shell takes what fits a line and a variable', () => {
  const command = (words: string[], stdin?: string | Buffer) =>
    reads('try', ['echo', ...words], stdin === undefined ? {} : { stdin })
  expect(fitsShell(command(['a']))).toBe(true)
  expect(fitsShell(command(['a'], 'text\n'))).toBe(true)
  expect(fitsShell(command(['a'], Buffer.from('text')))).toBe(true)
  expect(fitsShell(command(['a'], 'a\0b'))).toBe(false)
  expect(fitsShell(command(['a'], Buffer.from([0xff, 0xfe])))).toBe(false)
  expect(fitsShell(command(['x'.repeat(17_000)]))).toBe(false)
  expect(fitsBecoming(command(['a'], Buffer.from([0xff])))).toBe(true)
  expect(fitsBecoming(command(['x'.repeat(17_000)]))).toBe(false)
})
