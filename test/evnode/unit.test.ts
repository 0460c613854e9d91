import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { flagOverrides, nodeCommand, parseUnit, unitList, unitValue } from '../../src/evnode/unit.ts'
import { unitEntries } from '../../src/evnode/unit-file.ts'

const service = (exec: string) => `[Unit]\nDescription=x\n[Service]\n${exec}\n`
const starting = (line: string) => nodeCommand(parseUnit(service(`ExecStart=${line}`)))

test('continued lines, comments between them, and spaces around =', () => {
  const unit = parseUnit('[Service]\nExecStart = /bin/x a \\\n# no\n  b \\\n; no\n  c\nUser=u\n')
  expect(unitList(unit, 'Service', 'ExecStart')).toEqual(['/bin/x a b c'])
  expect(unitValue(unit, 'Service', 'User')).toBe('u')
})

test('drop-ins count in the order of their names, and an empty assignment forgets a list', () => {
  const unit = parseUnit('[Service]\nExecStart=/a\nUser=one\nEnvironment=A=1\n', [
    { name: '20-b.conf', text: '[Service]\nExecStart=/c\nUser=\n' },
    { name: '10-a.conf', text: '[Service]\nExecStart=\nExecStart=/b\nUser=two\nEnvironment=B=2\n' },
  ])
  expect(unitList(unit, 'Service', 'ExecStart')).toEqual(['/b', '/c'])
  expect(unitList(unit, 'Service', 'Environment')).toEqual(['A=1', 'B=2'])
  expect(unitValue(unit, 'Service', 'User')).toBeUndefined()
})

test('a setting of another section does not count', () => {
  expect(unitValue(parseUnit('[Unit]\nUser=x\n[Service]\n'), 'Service', 'User')).toBeUndefined()
})

test('every line of a file is in one entry', () => {
  const line = fc.constantFrom('[Unit]', '[Service]', '', '# c', 'A=1', 'B=2 \\', '  C = 3', '; d', 'E=\\')
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const text = ['[Unit]', ...lines].join('\n')
      let parsed: string[]
      try {
        parsed = unitEntries(text).flatMap((entry) => [...entry.lines])
      } catch (thrown) {
        // A header after a backslash is no setting, which is said.
        expect(thrown).toBeInstanceOf(EvhaError)
        return
      }
      expect(parsed.join('\n')).toBe(text.replace(/\n$/, ''))
    }),
  )
})

test.each(['garbage', '[Service]\ngarbage', 'A=1'])('%j is no unit', (text) => {
  expect(() => parseUnit(text)).toThrow(/no setting/)
})

const line =
  '/usr/local/bin/testapp start --home /var/lib/ev-node --evnode.node.aggregator --rollkit.node.block_time 1s --evnode.da.namespace=ns "--evnode.signer.passphrase_file" "/etc/ev node/pass" --kv-endpoint 127.0.0.1:9090'

test("the node's start, with both prefixes and both ways to give a value", () => {
  const command = starting(line)
  expect(command).toMatchObject({ binary: '/usr/local/bin/testapp', verb: 'start', home: '/var/lib/ev-node' })
  expect(flagOverrides(command)).toEqual({
    'node.aggregator': 'true',
    'node.block_time': '1s',
    'da.namespace': 'ns',
    'signer.passphrase_file': '/etc/ev node/pass',
  })
  expect(command.argv.slice(0, 4)).toEqual(['/usr/local/bin/testapp', 'start', '--home', '/var/lib/ev-node'])
  expect(command.argv.at(-3)).toBe('/etc/ev node/pass')
})

test.each([
  '/b run --home=/h',
  '/b node --home /h',
  '/b --home /h start',
  '/b start --evnode.raft.enable=false --home /h',
])('%s is a start too', (exec) => {
  expect(starting(exec).home).toBe('/h')
})

test('a switch does not take the next word, the last of two flags counts', () => {
  expect(
    flagOverrides(starting('/b --evnode.node.light start --evnode.da.address a --evnode.da.address b')),
  ).toEqual({
    'node.light': 'true',
    'da.address': 'b',
  })
})

test.each([
  ['a shell', '/bin/sh -c "testapp start"', /wrapper \(sh\)/],
  ['a script', '/opt/run-node.sh start', /wrapper \(run-node\.sh\)/],
  ['env', '/usr/bin/env testapp start', /wrapper \(env\)/],
  ['a container', '/usr/bin/docker run evnode start', /container \(docker\)/],
  ['another verb', '/b version', /does not start a node/],
  ['no verb', '/b --home /h', /does not start a node/],
  ['two verbs', '/b start run', /does not start a node/],
  ['a variable', '/b start --home ${HOME_DIR}', /systemd replaces/],
  ['a specifier', '/b start --home %S/x', /systemd replaces/],
])('%s is refused', (_, exec, message) => {
  expect(() => starting(exec)).toThrow(message)
  expect(() => starting(exec)).toThrow(
    expect.objectContaining({ kind: 'blocked', hint: expect.stringContaining('BINARY start') }),
  )
})

test('no ExecStart and several are refused', () => {
  expect(() => nodeCommand(parseUnit(service('User=x')))).toThrow('the unit has no ExecStart=')
  expect(() => nodeCommand(parseUnit(service('ExecStart=/a start\nExecStart=/b start')))).toThrow(
    '2 ExecStart= lines',
  )
})

test('a drop-in may replace the command', () => {
  const unit = parseUnit(service('ExecStart=/a start'), [
    { name: 'x.conf', text: '[Service]\nExecStart=\nExecStart=/b start --home /h\n' },
  ])
  expect(nodeCommand(unit).binary).toBe('/b')
})
