import { expect, test } from 'vitest'
import { homeOfStart, nodeCommand, parseUnit, unitValue } from '../../src/evnode/unit.ts'
import { unitOfProcess } from '../../src/evnode/unit-of-process.ts'

const node = {
  program: '/usr/local/bin/testapp',
  argv: ['./testapp', 'start', '--home', '/var/lib/ev-node', '--evnode.da.namespace', 'a "b" $c 100%'],
  user: 'ev',
  workingDirectory: '/opt/ev',
  variables: ['PATH', 'LC_ALL', 'GOMEMLIMIT', 'API_TOKEN'],
}

test('the unit starts the very same command, as the same user, and evha reads it back', () => {
  const unit = parseUnit(unitOfProcess(node))
  expect(nodeCommand(unit).argv).toEqual([node.program, ...node.argv.slice(1)])
  expect(unitValue(unit, 'Service', 'User')).toBe('ev')
  expect(unitValue(unit, 'Service', 'WorkingDirectory')).toBe('/opt/ev')
})

test('names of its own environment are told, usual ones are not', () => {
  const text = unitOfProcess(node)
  expect(text).toContain('the node needs: GOMEMLIMIT API_TOKEN\n')
  expect(unitOfProcess({ ...node, variables: ['PATH', 'HOME'] })).not.toContain('variables')
})

test.each([
  [['testapp', 'start', '--home', '/h'], '/h'],
  [['testapp', 'start', '--home=/h/'], '/h'],
  [['testapp', '--home', 'data', 'start'], '/cwd/data'],
  [['testapp', 'run'], ''],
  [['testapp', 'start', '--home', '/a', '--home', '/b'], '/b'],
  [['testapp', 'init', '--home', '/h'], null],
  [['testapp'], null],
  [[], null],
])('the home of %j is %j', (argv, home) => {
  expect(homeOfStart(argv, '/cwd')).toBe(home)
})
