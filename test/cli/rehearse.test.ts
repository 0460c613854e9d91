import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { built, evha } from './built.ts'

let dir: string
const file = (name: string, text: string) => {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}
const production = readFileSync(
  join(import.meta.dirname, '..', '..', 'runbooks', 'single-to-ha.yaml'),
  'utf8',
)
const staging = (more = '') =>
  production
    .replace('staging: false', 'staging: true')
    .replace('chain: my-chain', 'chain: rehearsal-chain')
    .replace(/^da:$/m, `da:${more}`)

beforeAll(async () => {
  await built()
  dir = mkdtempSync(join(tmpdir(), 'evha-rehearse-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

test.each<[string, () => readonly string[], number, RegExp]>([
  ['no runbook', () => [], 2, /no runbook is given/],
  ['a runbook of production', () => [file('p.yaml', production)], 2, /is not marked staging: true/],
  ['nothing to clean', () => ['--clean'], 2, /no runbook is given/],
  ['a size that is none', () => [file('s.yaml', staging()), '--data', '40 apples'], 2, /size up to 16TiB/],
  ['no times', () => [file('s.yaml', staging()), '--times', '0'], 2, /whole number from 1 to 20/],
  ['elsewhere', () => ['--on', 'mars'], 2, /Allowed choices are lab/],
])('%s is a usage error, and nothing is done', async (_what, args, code, says) => {
  const ended = await evha(['rehearse', ...args(), '--state-dir', dir])
  expect(ended.stderr).toMatch(says)
  expect(ended.exitCode).toBe(code)
})

test.each<[string, string, readonly string[], RegExp]>([
  [
    'a staging runbook as production',
    staging(),
    ['--production', 'self'],
    /is marked staging: true, so it is no production/,
  ],
  ['no DA node', staging(), [], /no DA node is named/],
  [
    "a namespace that may be anybody's",
    staging('\n  address: http://127.0.0.1:1\n  namespace: mine'),
    [],
    /nobody can say that it is not production's/,
  ],
])(
  '%s ends the rehearsal before a host is connected, and the record says so',
  async (_what, text, more, says) => {
    const path = file('staging.yaml', text)
    const args = more.map((word) => (word === 'self' ? path : word))
    const ended = await evha(['rehearse', path, ...args, '--state-dir', dir, '--json'])
    expect(ended.exitCode).toBe(1)
    expect(JSON.parse(ended.stdout)).toMatchObject({
      version: 1,
      ok: false,
      runs: [],
      failure: expect.stringMatching(says),
    })
  },
)

test.each<[string, readonly string[], number, RegExp]>([
  ['no rehearsal', [], 3, /no rehearsal is named[\s\S]*evha rehearse[\s\S]*--waive-rehearsal NAME/],
  ['one that is not kept', ['--rehearsal', '0123456789ab'], 3, /no rehearsal 0123456789ab is kept/],
  ['one that is none', ['--rehearsal', 'yes'], 2, /is no digest/],
  ['a name that is none', ['--waive-rehearsal', ' '], 2, /names nobody/],
  ['both', ['--rehearsal', '0123456789ab', '--waive-rehearsal', 'Ada'], 2, /are both given/],
])('migrate on production with %s is refused, and no run is begun', async (_what, args, code, says) => {
  const ended = await evha([
    'migrate',
    file('p.yaml', production),
    ...args,
    '--state-dir',
    join(dir, 'fresh'),
  ])
  expect(ended.stderr).toMatch(says)
  expect(ended.exitCode).toBe(code)
  expect((await evha(['status', '--state-dir', join(dir, 'fresh')])).exitCode).toBe(2)
})
