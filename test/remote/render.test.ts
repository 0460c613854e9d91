import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { changes, reads, script } from '../../src/base/command.ts'
import { Secret } from '../../src/base/secret.ts'
import { quote, render, renderRedacted } from '../../src/remote/render.ts'

const shells = ['dash', 'bash'] as const

/** What a real shell makes of the text, as the arguments it gives to printf. */
function wordsBy(shell: string, words: readonly string[]): string[] {
  const text = render({ argv: ['printf', '%s\\0', ...words] })
  return execFileSync(shell, ['-c', text], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

const nasty = fc.constantFrom(
  ...[
    '',
    ' ',
    '\n',
    '\r\n',
    '\t',
    "'",
    "''",
    '"',
    '\\',
    "\\'",
    '~',
    '~root',
    '$HOME',
    '$(id)',
    '`id`',
    '$'.concat('{x}'),
  ],
  ...['-', '--', '-n', '-e', '*', '?', '[a-z]', '{a,b}', '!', '!!', '#', ';', '&&', '|', '>', '<', '(', ')'],
  ...['a=b', '--x=y z', '%1', '^x', 'é', '日本', '🧪', '\u0301', '\x01', '\x7f', 'if', 'done', 'a\nb\n'],
)
const word = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'grapheme', maxLength: 8 })), { maxLength: 4 })
  .map((parts) => parts.join('').replaceAll('\0', ''))

describe.each(shells)('%s', (shell) => {
  test('reads every argv back word for word', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        expect(wordsBy(shell, words)).toEqual(words)
      }),
      { numRuns: 150 },
    )
  })

  test('keeps its hands off each word that could mean something else', () => {
    const words = [
      '',
      '~',
      '-rf',
      '--',
      '$HOME',
      'a\nb',
      '`id`',
      '*',
      '!',
      "it's",
      '"',
      '\\',
      '日本',
      '#x',
      'a=b',
    ]
    expect(wordsBy(shell, words)).toEqual(words)
  })

  test.each(['if', 'while', 'done', 'time', 'function', 'select', 'FOO=bar', '~', '!', '{', 'a b'])(
    'runs the program named %j',
    (name) => {
      const text = render({ argv: [name, 'ran'] })
      const done = spawnSync(`/bin/${shell}`, ['-c', text], { env: { PATH: odd }, encoding: 'utf8' })
      expect(done).toMatchObject({ status: 0, stdout: 'ran\n' })
    },
  )
})

const odd = mkdtempSync(join(tmpdir(), 'evha-odd-'))
for (const name of ['if', 'while', 'done', 'time', 'function', 'select', 'FOO=bar', '~', '!', '{', 'a b']) {
  symlinkSync('/bin/echo', join(odd, name))
}
afterAll(() => rmSync(odd, { recursive: true }))

test.each([
  [['systemctl', 'stop', 'ev-node.service'], 'systemctl stop ev-node.service'],
  [['install', '-m', '0600', '--owner=ev-node', '/etc/x'], 'install -m 0600 --owner=ev-node /etc/x'],
  [['echo', "it's", ''], `echo 'it'\\''s' ''`],
  [['env', 'A=b', 'if', '~/x'], `env 'A=b' 'if' '~/x'`],
  [['sha256sum', '/var/lib/ev node/data'], `sha256sum '/var/lib/ev node/data'`],
] satisfies [[string, ...string[]], string][])('renders %j as %s', (argv, text) => {
  expect(render({ argv })).toBe(text)
})

test('a script keeps its lines and takes its values as arguments', () => {
  const command = reads('look', script('cat -- "$1"', '/etc/a b'))
  expect(render(command)).toBe(`sh -c 'set -eu\ncat -- "$1"\n' evha '/etc/a b'`)
})

test('a NUL character is refused before it reaches a shell', () => {
  expect(() => quote('a\0b')).toThrow(expect.objectContaining({ kind: 'usage' }))
})

test('the redacted text tells how much goes into stdin, and nothing of a secret', () => {
  const lay = changes('lay', ['tee', '/etc/x'], { stdin: 'héllo' })
  expect(renderRedacted(lay)).toBe('tee /etc/x  # stdin: 6 bytes')
  expect(renderRedacted({ ...lay, stdin: new Secret('hunter2') })).toBe('tee /etc/x  # stdin: [redacted]')
  expect(renderRedacted({ ...lay, sensitive: true })).toBe('tee /etc/x  # stdin: [redacted]')
  expect(renderRedacted(reads('see', ['id', '-u']))).toBe('id -u')
})
