import { expect, test } from 'vitest'
import {
  dangerousNames,
  environmentFiles,
  environmentText,
  unitEnvironment,
} from '../../src/evnode/environment.ts'
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

test('names of an environment file count as well', () => {
  expect(unitProblems(parseUnit(good), ['A', 'DB_PATH']).map(({ problem }) => problem)).toEqual([
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

test('Environment= as a file says the same to systemd: quotes, backslashes and dollars stay what they are', () => {
  const unit = parseUnit(
    `[Service]\nEnvironment=A=1 "B=two words" 'C=say "hi"'\nEnvironment=D=a$$b "E=back\\\\slash" LONELY\n`,
  )
  expect(environmentText(unit)).toBe(
    'A="1"\nB="two words"\nC="say \\"hi\\""\nD="a\\$\\$b"\nE="back\\\\slash"\n',
  )
})
