import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { mergeConfig, readConfig } from '../../src/evnode/config.ts'
import { flagOverrides, nodeCommand, parseUnit, unitList, unitValue } from '../../src/evnode/unit.ts'
import { raftUnit } from '../../src/evnode/unit-raft.ts'
import { fixture } from './fixture.ts'

const text = `# mine
[Unit]
Description=ev-node sequencer
After=network-online.target
StartLimitIntervalSec=10
StartLimitBurst=5

[Service]
User=ev-node
Group=ev
# how it runs
ExecStart=-/usr/local/bin/testapp start \\
  --home=data --evnode.node.aggregator --evnode.node.block_time 1s --evnode.log.format json \\
  --evnode.da.address http://10.0.0.9:7980 --rollkit.da.namespace=ns \\
  --evnode.rpc.address 127.0.0.1:7331 --evnode.p2p.listen_address /ip4/0.0.0.0/tcp/7676 \\
  --evnode.signer.signer_path config --evnode.raft.enable=false \\
  --evnode.signer.passphrase_file "/etc/ev node/passphrase" --evm.eth-url http://localhost:8545 \\
  --kv-endpoint 10.0.0.1:9090 --force-inclusion-server 10.0.0.1:9191
Restart=always
RestartSec=30
RestartPreventExitStatus=1
SuccessExitStatus=1
TimeoutStopSec=5
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`
const dropIns = [{ name: '10-memory.conf', text: '[Service]\nMemoryMax=8G\nRestartSec=9\nEnvironment=A=1\n' }]
const source = parseUnit(text, dropIns)
const made = raftUnit(source, { home: '/var/lib/ev-node', address: { source: '10.0.0.1', own: '10.0.0.2' } })
const unit = parseUnit(made.text)

test('the command keeps what is a flag only and loses what evha manages', () => {
  const command = nodeCommand(unit)
  expect(command.exec.prefixes).toBe('')
  expect(command.argv).toEqual([
    '/usr/local/bin/testapp',
    'start',
    '--home',
    '/var/lib/ev-node',
    '--evnode.node.aggregator',
    '--evnode.node.block_time',
    '1s',
    '--evnode.log.format',
    'json',
    '--evnode.signer.passphrase_file',
    '/etc/ev node/passphrase',
    '--evm.eth-url',
    'http://localhost:8545',
    '--kv-endpoint',
    '10.0.0.2:9090',
    '--force-inclusion-server',
    '10.0.0.1:9191',
  ])
  expect(made.moved).toEqual({
    'da.address': 'http://10.0.0.9:7980',
    'da.namespace': 'ns',
    'rpc.address': '127.0.0.1:7331',
    'p2p.listen_address': '/ip4/0.0.0.0/tcp/7676',
    'signer.signer_path': 'config',
    'raft.enable': 'false',
  })
})

test('a leader that exits 1 is started again without end, and may take its time to stop', () => {
  const service = (key: string) => unitList(unit, 'Service', key)
  expect(unitList(unit, 'Unit', 'StartLimitIntervalSec')).toEqual(['0'])
  expect(unitList(unit, 'Unit', 'StartLimitBurst')).toEqual([])
  expect(service('Restart')).toEqual(['on-failure'])
  expect(service('RestartSec')).toEqual(['1s'])
  expect(service('RestartPreventExitStatus')).toEqual([])
  expect(service('SuccessExitStatus')).toEqual([])
  expect(service('TimeoutStopSec')).toEqual(['40s'])
})

test('everything else of the unit and its drop-ins stays, comments included', () => {
  for (const [section, key, value] of [
    ['Unit', 'Description', 'ev-node sequencer'],
    ['Unit', 'After', 'network-online.target'],
    ['Service', 'User', 'ev-node'],
    ['Service', 'Group', 'ev'],
    ['Service', 'LimitNOFILE', '65536'],
    ['Service', 'MemoryMax', '8G'],
    ['Service', 'Environment', 'A=1'],
    ['Install', 'WantedBy', 'multi-user.target'],
  ] as const) {
    expect([key, unitValue(unit, section, key)]).toEqual([key, value])
  }
  expect(made.text).toContain('# mine\n')
  expect(made.text).toContain('# how it runs\n')
  expect(made.foldedDropIns).toEqual(['10-memory.conf'])
})

const analyze = spawnSync('systemd-analyze', ['--version'])

test.skipIf(analyze.error !== undefined)('systemd itself finds no fault in it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'evha-unit-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const verify = (unitText: string) => {
    writeFileSync(join(dir, 'evha-test.service'), unitText)
    const { status, stderr } = spawnSync('systemd-analyze', [
      'verify',
      '--man=no',
      join(dir, 'evha-test.service'),
    ])
    return { status, said: stderr.toString() }
  }
  const home = '/srv/a "b" $x %y'
  const { text: clean } = raftUnit(source, { home, binary: '/bin/true' })
  expect(verify(clean.replace(/^(User|Group|After)=.*\n/gm, ''))).toEqual({ status: 0, said: '' })
  expect(verify(clean.replace('--home "', '--home ')).status).not.toBe(0)
})

test('built a second time it is the same', () => {
  const again = raftUnit(unit, { home: '/var/lib/ev-node' })
  expect(nodeCommand(parseUnit(again.text)).argv).toEqual(nodeCommand(unit).argv)
  expect(again.moved).toEqual({})
})

test.each([
  ['2min', '2min'],
  ['90', '90'],
  ['infinity', 'infinity'],
  ['1min 30s', '1min 30s'],
  ['39', '40s'],
  ['500ms', '40s'],
  ['nonsense', '40s'],
])('a stop timeout of %s becomes %s', (written, kept) => {
  const other = parseUnit(text.replace('TimeoutStopSec=5', `TimeoutStopSec=${written}`))
  expect(unitValue(parseUnit(raftUnit(other, { home: '/h' }).text), 'Service', 'TimeoutStopSec')).toBe(kept)
})

test("a node's own binary, home and passphrase file", () => {
  const own = raftUnit(source, {
    home: '/srv/a b/$1',
    binary: '/opt/100%/testapp',
    passphraseFile: '/etc/pass phrase',
  })
  const command = nodeCommand(parseUnit(own.text))
  expect(command).toMatchObject({ binary: '/opt/100%/testapp', home: '/srv/a b/$1' })
  expect(flagOverrides(command)['signer.passphrase_file']).toBe('/etc/pass phrase')
})

test('merged yaml and stripped command line say together what the old pair said', () => {
  const flags = flagOverrides(nodeCommand(source))
  const { 'raft.enable': _, ...moved } = made.moved
  const merged = mergeConfig(fixture('homes/node-1/evnode.yaml'), moved).text
  const before = readConfig(fixture('homes/node-1/evnode.yaml'), flags)
  expect(readConfig(merged, flagOverrides(nodeCommand(unit)))).toEqual(before)
  expect(before).toMatchObject({ blockTimeMs: 1000, daNamespace: 'ns', logFormat: 'json' })
})

test('whatever flags it has, the argv that is kept is given to the process unchanged', () => {
  const word = fc
    .string({ unit: fc.constantFrom(...' "\'\\$%=abc/.:'), minLength: 1 })
    .filter((one) => !one.startsWith('-'))
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), word, (words, home) => {
      const quoted = words.flatMap((one, index) => [
        `--x${index}`,
        `"${one.replace(/["\\$%]/g, (c) => (c === '$' || c === '%' ? c + c : `\\${c}`))}"`,
      ])
      const from = parseUnit(`[Service]\nExecStart=/bin/testapp start ${quoted.join(' ')}\n`)
      const argv = nodeCommand(parseUnit(raftUnit(from, { home: `/${home}` }).text)).argv
      expect(argv).toEqual([
        '/bin/testapp',
        'start',
        '--home',
        `/${home}`,
        ...words.flatMap((one, index) => [`--x${index}`, one]),
      ])
    }),
  )
})

test('a member drives the execution client of its own host', () => {
  const { text: own } = raftUnit(source, {
    home: '/h',
    execution: { ethUrl: 'http://10.0.0.2:8545', jwtSecretFile: '/etc/own jwt' },
  })
  const { flags } = nodeCommand(parseUnit(own))
  const values = (name: string) => flags.filter((one) => one.name === name).map(({ value }) => value)
  expect(values('evm.eth-url')).toEqual(['http://10.0.0.2:8545'])
  expect(values('evm.jwt-secret-file')).toEqual(['/etc/own jwt'])
  expect(values('evm.engine-url')).toEqual([])
})
