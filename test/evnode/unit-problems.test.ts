import { expect, test } from 'vitest'
import { dangerousNames, environmentFiles, namesIn, unitEnvironment } from '../../src/evnode/environment.ts'
import { parseUnit } from '../../src/evnode/unit.ts'
import { unitProblems } from '../../src/evnode/unit-problems.ts'

const good =
  '[Service]\nUser=ev-node\nExecStart=/usr/bin/testapp start --home /h\nEnvironment=GOMAXPROCS=2 HOME=/h\n'

test('an ordinary unit has no problem', () => {
  expect(unitProblems(parseUnit(good))).toEqual([])
})

test.each([
  ['[Unit]\nAssertPathExists=|/etc/x\n', /AssertPathExists=\|\/etc\/x/],
  ['[Unit]\nAssertHost=|a\n', /AssertHost/],
  ['[Service]\nType=forking\n', /Type=forking/],
  ['[Service]\nType=notify\n', /Type=notify/],
  ['[Service]\nRemainAfterExit=yes\n', /RemainAfterExit/],
  ['[Service]\nDynamicUser=true\n', /DynamicUser/],
  ['[Service]\nEnvironment="DA=http://x y" B=1\n', /sets DA/],
  ['[Service]\nPassEnvironment=RAFT B\n', /sets RAFT/],
  ['[Service]\nExecStart=\nExecStart=/bin/bash x.sh\n', /wrapper \(bash\)/],
])('a drop-in with %j blocks', (text, problem) => {
  const problems = unitProblems(parseUnit(good, [{ name: 'x.conf', text }]))
  expect(problems).toHaveLength(1)
  expect(problems[0]?.problem).toMatch(problem)
  expect(problems[0]?.cure).toMatch(/\w/)
})

test('an assert without | and a condition are no problem', () => {
  expect(unitProblems(parseUnit(`${good}[Unit]\nAssertPathExists=/x\nConditionPathExists=|/y\n`))).toEqual([])
})

test('names of an environment file count as well, its values are not looked at', () => {
  const names = namesIn('# c\n; c\nA=1\n export B="x=y"\nDB_PATH=/x\nno assignment\n')
  expect(names).toEqual(['A', 'B', 'DB_PATH'])
  expect(unitProblems(parseUnit(good), names).map(({ problem }) => problem)).toEqual([
    'the environment of the unit sets DB_PATH',
  ])
})

test('every name that spoils the configuration is known', () => {
  const names = [
    'DA',
    'NODE',
    'RAFT',
    'P2P',
    'LOG',
    'RPC',
    'SIGNER',
    'DB_PATH',
    'CLEAR_CACHE',
    'TESTAPP_RAFT.ENABLE',
  ]
  expect(dangerousNames(names).map(({ name }) => name)).toEqual(names)
  expect(dangerousNames(['HOME', 'DATA', 'da', 'LOG_LEVEL'])).toEqual([])
})

test('where more names may come from', () => {
  const unit = parseUnit(`${good}EnvironmentFile=-/etc/default/ev\nEnvironmentFile=/etc/ev.env\n`)
  expect(environmentFiles(unit)).toEqual([
    { path: '/etc/default/ev', optional: true },
    { path: '/etc/ev.env', optional: false },
  ])
  expect(unitEnvironment(unit)).toEqual(['GOMAXPROCS', 'HOME'])
})
