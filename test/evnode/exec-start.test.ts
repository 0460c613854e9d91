import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { execQuote, execWords, hasUnknown, parseExecLine, plainValue } from '../../src/evnode/exec-start.ts'

const values = (line: string) => execWords(line).map(plainValue)

test.each([
  ['/bin/x  a\tb', ['/bin/x', 'a', 'b']],
  ['/bin/x "a b" \'c d\'', ['/bin/x', 'a b', 'c d']],
  ['/bin/x --k="a b"', ['/bin/x', '--k=a b']],
  ['/bin/x "it\'s" \'say "x"\'', ['/bin/x', "it's", 'say "x"']],
  ['/bin/x a\\sb \\x41 \\101 \\\\', ['/bin/x', 'a b', 'A', 'A', '\\']],
  ['/bin/x "" end', ['/bin/x', '', 'end']],
  ['/bin/x $$HOME 100%%', ['/bin/x', '$HOME', '100%']],
])('%s', (line, words) => {
  expect(values(line)).toEqual(words)
})

test('what is escaped is known, a variable or a specifier is not', () => {
  expect(execWords('$$HOME 100%% $ x$1').map(hasUnknown)).toEqual([false, false, false, false])
  expect(execWords('$HOME ${HOME} a${B}c %h "%i" $$${A}').map(hasUnknown)).toEqual([
    true,
    true,
    true,
    true,
    true,
    true,
  ])
})

test.each([
  ['-/bin/x', '-', '/bin/x'],
  ['+-/bin/x', '+-', '/bin/x'],
  ['!!/bin/x a', '!!', '/bin/x'],
])('the prefixes of %s', (line, prefixes, program) => {
  const parsed = parseExecLine(line)
  expect([parsed.prefixes, parsed.words[0].value]).toEqual([prefixes, program])
})

test('with @ the second word is what the process shows', () => {
  const { words, displayed } = parseExecLine('@/bin/x shown a')
  expect([words.map(plainValue), displayed?.value]).toEqual([['/bin/x', 'a'], 'shown'])
})

test.each([
  '',
  '-',
  '/bin/x "open',
  "/bin/x 'open",
  '/bin/x \\q',
  '/bin/x a ; /bin/y',
  '@/bin/x',
  '/bin/x a\\',
])('%j can not be understood', (line) => {
  expect(() => parseExecLine(line)).toThrow(EvhaError)
  expect(() => parseExecLine(line)).toThrow(/ExecStart can not be understood/)
})

const text = fc.string({
  unit: fc.oneof(fc.constantFrom(...' "\'\\$%{}=;-a\n\t'), fc.constantFrom(...'AZaz09é€😀')),
})

test('every word comes back from its quoting, in any company', () => {
  fc.assert(
    fc.property(fc.array(text.filter((word) => !/[\uE000\uE001]/.test(word))), (words) => {
      const parsed = execWords(words.map(execQuote).join(' '))
      expect(parsed.map(plainValue)).toEqual(words)
      expect(parsed.some(hasUnknown)).toBe(false)
    }),
  )
})

test('raw words are the line again', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (words) => {
      const quoted = words.map(execQuote)
      expect(execWords(quoted.join('   ')).map(({ raw }) => raw)).toEqual(quoted)
    }),
  )
})
