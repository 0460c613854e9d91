import { expect, test } from 'vitest'
import { runbookFromText } from '../../src/runbook/load.ts'
import { refusalOf, runbookText } from './refused.ts'

function withNodeKey(line: string): string {
  return runbookText().replace('  db: testapp', `  db: testapp\n  ${line}`)
}

test.each([
  ['home: var/lib/ev-node', 'must be an absolute path, starting with /'],
  ['home: /', 'must be a directory or file below /'],
  ['home: /var/../etc', 'must not go through . or ..'],
  ['home: "/var/lib/ev node"', 'may hold only letters, digits and . _ + @ : = , - between its slashes'],
  ['home: "/x\';reboot;\'"', 'may hold only letters, digits and . _ + @ : = , - between its slashes'],
  ['home: /var/lib/%n', 'may hold only letters, digits and . _ + @ : = , - between its slashes'],
  ['unit: ev-node.timer', 'must be the name of a systemd service, ending in .service'],
  ['unit: a/b', 'must be the name of a systemd service, such as ev-node.service'],
  ['user: "-x"', 'must be a login name'],
  ['rpc: 7331', 'must be text: host:port, such as 127.0.0.1:7331; put the value in quotes'],
  ['rpc: 127.0.0.1', 'must be host:port, such as 127.0.0.1:7331'],
  ['rpc: 127.0.0.1:70000', 'must be host:port, such as 127.0.0.1:7331'],
  ['rpc: ::1:7331', 'must be host:port, such as 127.0.0.1:7331'],
  ['rpc: http://127.0.0.1:7331', 'must be host:port, such as 127.0.0.1:7331'],
])('under node, `%s` is refused: it %s', (line, sentence) => {
  const key = line.slice(0, line.indexOf(':'))
  expect(refusalOf(withNodeKey(line)).message).toBe(`chain.yaml:6: node.${key} ${sentence}`)
})

test('db must be one plain name', () => {
  const text = runbookText().replace('db: testapp', 'db: data/testapp')
  expect(refusalOf(text).message).toMatch(
    /^chain\.yaml:5: node\.db must be the name of the database directory/,
  )
})

test.each([
  ['root@192.0.2.2', { user: 'root', host: '192.0.2.2' }],
  ['an-alias', { host: 'an-alias' }],
  ['host.example:2222', { host: 'host.example', port: 2222 }],
  ['ops@host.example:2222', { user: 'ops', host: 'host.example', port: 2222 }],
  ['"ops@[2001:db8::2]:2222"', { user: 'ops', host: '2001:db8::2', port: 2222 }],
  ['{ host: "2001:db8::2", user: ops }', { user: 'ops', host: '2001:db8::2' }],
])('ssh may be %s', (written, login) => {
  const loaded = runbookFromText(runbookText().replace('root@192.0.2.2', written), 'chain.yaml')
  expect(loaded.nodes[1]?.ssh).toEqual(login)
})

test.each([
  'root@',
  'root@host.example:0',
  'root@host.example:70000',
  'root@2001:db8::2',
  'ro ot@host.example',
  '"-oProxyCommand=reboot@host.example"',
  'root@-host.example',
  'root@0.0.0.0',
])('ssh may not be %s', (written) => {
  expect(refusalOf(runbookText().replace('root@192.0.2.2', written)).message).toBe(
    'chain.yaml:11: ssh of node-2 must be host, user@host or user@host:port, such as root@192.0.2.11',
  )
})

test('a key file must be found from anywhere', () => {
  const login = '{ host: 192.0.2.2, user: root, identityFile: keys/id }'
  expect(refusalOf(runbookText().replace('root@192.0.2.2', login)).message).toBe(
    'chain.yaml:11: ssh.identityFile of node-2 must be an absolute path on this workstation, or one that starts with ~/',
  )
})

const everyInterface =
  'means "every interface" and cannot be told to the other nodes (the node refuses it: not advertisable): write a concrete address'
const malformed = 'is neither an IP address nor a host name (a port does not belong here)'

test.each([
  ['0.0.0.0', everyInterface],
  ['"::"', everyInterface],
  ['"[::]"', everyInterface],
  ['"0:0:0:0:0:0:0:0"', everyInterface],
  ['"::ffff:0.0.0.0"', everyInterface],
  ['"0"', everyInterface],
  ['"*"', everyInterface],
  ['""', 'is empty: write the address under which the other nodes reach this one'],
  ['"  "', 'is empty: write the address under which the other nodes reach this one'],
  ['192.0.2.2:5001', malformed],
  ['192.0.2.256', malformed],
  ['192.0.2.02', malformed],
  ['"10.1"', malformed],
  ['"0x7f000001"', malformed],
  ['"fe80::1%eth0"', malformed],
  ['host_.example/x', malformed],
  ['a@b', malformed],
  ['a,b', malformed],
])('the address %s is refused', (written, sentence) => {
  expect(refusalOf(runbookText().replace('address: 192.0.2.2', `address: ${written}`)).message).toBe(
    `chain.yaml:12: address of node-2 ${sentence}`,
  )
})

test.each(['10.0.0.2', '2001:db8::2'])('the address %s is taken', (address) => {
  const text = runbookText().replace('address: 192.0.2.2', `address: "${address}"`)
  expect(runbookFromText(text, 'chain.yaml').nodes[1]?.address).toBe(address)
})

test.each(['node-2.example', 'feed.cafe', 'db8'])(
  '%s is a host to log in to, and no address of a member',
  (name) => {
    const login = runbookText().replace('root@192.0.2.2', `root@${name}`)
    expect(runbookFromText(login, 'chain.yaml').nodes[1]?.ssh.host).toBe(name)
    expect(refusalOf(runbookText().replace('address: 192.0.2.2', `address: ${name}`)).message).toContain(
      'address of node-2 is a host name: write the IP address',
    )
  },
)
