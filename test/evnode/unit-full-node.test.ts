import { expect, test } from 'vitest'
import { nodeCommand, parseUnit, unitValue } from '../../src/evnode/unit.ts'
import { fullNodeUnit } from '../../src/evnode/unit-full-node.ts'

const sequencer = parseUnit(
  `[Unit]
Description=ev-node sequencer
After=reth.service

[Service]
User=ev-node
EnvironmentFile=/etc/ev-node/env
ExecStartPre=/usr/bin/chown -R ev-node /var/lib/ev-node
ExecStop=/usr/bin/curl http://127.0.0.1:7331/stop
ExecStart=-/usr/local/bin/evm start --home /var/lib/ev-node --evnode.node.aggregator \\
  --evnode.da.address http://10.0.0.9:7980 --evnode.p2p.listen_address /ip4/0.0.0.0/tcp/7676 \\
  --evnode.node.catchup_timeout 30s --evnode.instrumentation.prometheus=true --evnode.db_path /data/evm \\
  --evnode.signer.passphrase_file /etc/ev-node/passphrase --evnode.signer.signer_path /etc/ev-node \\
  --evm.eth-url http://localhost:8545 --evm.jwt-secret-file "/etc/ev node/jwt" --evm.genesis-hash 0xab \\
  --evm.fee-recipient 0xcd --force-inclusion-server 10.0.0.1:9191 --evnode.raft.enable=false
Restart=on-failure

[Install]
WantedBy=multi-user.target
`,
  [{ name: '10-memory.conf', text: '[Service]\nMemoryMax=8G\nExecStartPost=/usr/bin/true\n' }],
)
const input = {
  home: '/var/lib/ev-node/warm-up',
  binary: '/usr/local/bin/evm',
  p2pListen: '/ip4/10.0.0.2/tcp/27676',
  p2pPeers: ['/ip4/10.0.0.1/tcp/7676/p2p/12D3KooW', '/ip4/10.9.9.9/tcp/7676/p2p/12D3KooX'],
  rpcAddress: '127.0.0.1:27331',
  permit: '/run/evha/permits/warm-up',
}
const text = fullNodeUnit(sequencer, { ...input, execution: { engineUrl: 'http://10.0.0.2:8551' } })
const unit = parseUnit(text)
const { argv, flags } = nodeCommand(unit)
const flag = (name: string) => flags.findLast((one) => one.name === name)?.value

test('a full node has the flags of its chain, a home and ports of its own, and makes no block', () => {
  expect(argv.slice(0, 4)).toEqual(['/usr/local/bin/evm', 'start', '--home', input.home])
  expect(flag('evnode.node.aggregator')).toBe('false')
  // The node refuses it beside the catch-up's.
  expect(flag('evnode.raft.enable')).toBeUndefined()
  expect(flag('evnode.node.catchup_timeout')).toBe('0s')
  expect(flag('evnode.db_path')).toBe('data')
  expect(flag('evnode.da.address')).toBe('http://10.0.0.9:7980')
  expect(flag('evnode.p2p.listen_address')).toBe(input.p2pListen)
  expect(flag('evnode.p2p.peers')).toBe(input.p2pPeers.join(','))
  expect(flag('evnode.rpc.address')).toBe(input.rpcAddress)
  // Each flag once: of two the node takes the last, of a list both.
  expect(new Set(flags.map(({ name }) => name)).size).toBe(flags.length)
})

test('no flag leads it to a key, to metrics or to a server of the sequencer', () => {
  expect(argv.join(' ')).not.toMatch(/signer|passphrase|prometheus=true|force-inclusion/)
})

test('it drives the client of its own host, with the fee recipient and genesis of the chain', () => {
  expect(flag('evm.eth-url')).toBe('http://localhost:8545')
  expect(flag('evm.engine-url')).toBe('http://10.0.0.2:8551')
  expect(flag('evm.jwt-secret-file')).toBe('/etc/ev node/jwt')
  expect(flag('evm.genesis-hash')).toBe('0xab')
  expect(flag('evm.fee-recipient')).toBe('0xcd')
})

test('it can be started only with its permit, and nothing starts it by itself', () => {
  expect(unitValue(unit, 'Unit', 'AssertPathExists')).toBe(input.permit)
  expect(text).not.toContain('[Install]')
  expect(text).not.toMatch(/^Exec(StartPre|StartPost|Stop)=/m)
  expect(unitValue(unit, 'Service', 'User')).toBe('ev-node')
  expect(unitValue(unit, 'Service', 'MemoryMax')).toBe('8G')
  expect(unitValue(unit, 'Unit', 'After')).toBe('reth.service')
})
