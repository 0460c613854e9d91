import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { mergeConfig, readConfig } from '../../src/evnode/config.ts'
import { type Member, raftChanges } from '../../src/evnode/raft-changes.ts'
import { nodeTiming } from '../../src/evnode/timing.ts'
import { fixture } from './fixture.ts'

const peerIds = fixture('homes/expected.txt')
  .trim()
  .split('\n')
  .map((line) => line.split(' ')[1] ?? '')
const members: readonly Member[] = peerIds.map((peerId, index) => ({
  nodeId: `node-${index + 1}`,
  address: `10.0.0.${index + 1}`,
  raftPort: 5001,
  p2pPort: index === 0 ? 7676 : 26656,
  peerId,
}))
const input = { members, timing: nodeTiming, raftDir: '/var/lib/ev-node/raft' }
const changed = (index: number, change: Partial<Member>) =>
  members.map((member, at) => (at === index ? { ...member, ...change } : member))

test('a member knows all others and not itself', () => {
  expect(raftChanges({ ...input, node: 'node-2', signerPath: '/var/lib/ev-node/config' })).toEqual({
    'node.aggregator': true,
    'raft.enable': true,
    'raft.node_id': 'node-2',
    'raft.raft_addr': '10.0.0.2:5001',
    'raft.raft_dir': '/var/lib/ev-node/raft',
    'raft.peers': 'node-1@10.0.0.1:5001,node-3@10.0.0.3:5001',
    'raft.snap_count': 3,
    'raft.send_timeout': '200ms',
    'raft.heartbeat_timeout': '350ms',
    'raft.leader_lease_timeout': '175ms',
    'raft.election_timeout': '1s',
    'raft.snapshot_threshold': 5000,
    'raft.trailing_logs': 18000,
    'p2p.listen_address': '/ip4/10.0.0.2/tcp/26656',
    'p2p.peers': `/ip4/10.0.0.1/tcp/7676/p2p/${peerIds[0]},/ip4/10.0.0.3/tcp/26656/p2p/${peerIds[2]}`,
    'signer.signer_path': '/var/lib/ev-node/config',
  })
})

test('what every member is told, merged into the recorded file, names one and the same membership', () => {
  const memberships = members.map(({ nodeId }) => {
    const { text } = mergeConfig(fixture('homes/node-1/evnode.yaml'), raftChanges({ ...input, node: nodeId }))
    const { raft } = readConfig(text)
    return [`${raft.nodeId}@${raft.address}`, ...raft.peers].sort()
  })
  expect(new Set(memberships.map((one) => one.join())).size).toBe(1)
  expect(memberships[0]).toHaveLength(3)
})

test('peers outside of the cluster stay, those inside are not listed twice, and no entry has a space', () => {
  const outside = '/dns/full.example/tcp/7676/p2p/12D3KooWEK7yqE49aLM6Yj6FSKH5vhPkpRE4hbqU9DdqVB4RXaA6'
  const inside = `/ip4/192.168.0.3/tcp/1/p2p/${peerIds[2]}`
  const peers = String(raftChanges({ ...input, node: 'node-1', otherPeers: [outside, inside] })['p2p.peers'])
  expect(peers.split(',')).toHaveLength(3)
  expect(peers).toContain(outside)
  expect(peers).not.toContain('192.168.0.3')
  expect(peers).not.toMatch(/\s/)
})

test('a listen address that is given is kept', () => {
  const changes = raftChanges({ ...input, node: 'node-1', p2pListen: '/ip4/0.0.0.0/tcp/7676' })
  expect(changes['p2p.listen_address']).toBe('/ip4/0.0.0.0/tcp/7676')
})

test.each([
  ['fd00::7', '[fd00::7]:5001', '/ip6/fd00::7/tcp/26656'],
  ['node-2.internal', 'node-2.internal:5001', '/dns/node-2.internal/tcp/26656'],
  ['127.0.0.12', '127.0.0.12:5001', '/ip4/127.0.0.12/tcp/26656'],
])('the address %s is written as %s and %s', (address, raft, p2p) => {
  const changes = raftChanges({ ...input, node: 'node-2', members: changed(1, { address }) })
  expect([changes['raft.raft_addr'], changes['p2p.listen_address']]).toEqual([raft, p2p])
})

test.each([
  '0.0.0.0',
  '::',
  '::0',
  '0:0:0:0:0:0:0:0',
  '::ffff:0.0.0.0',
  '0',
  '00.0.0.0',
  '',
  '*',
  ' ',
  ':5001',
  '[::]',
  '10.0.0',
  'a b',
  '10.0.0.2,x',
])('the address %j is refused for any member', (address) => {
  for (const node of ['node-1', 'node-2']) {
    expect(() => raftChanges({ ...input, node, members: changed(1, { address }) })).toThrow(EvhaError)
  }
})

test.each([
  ['a node id twice', { nodeId: 'node-1' }],
  ['a Raft address twice', { address: '10.0.0.1' }],
  ['a peer id twice', { peerId: peerIds[0] ?? '' }],
  ['a comma in a node id', { nodeId: 'node,2' }],
  ['an @ in a node id', { nodeId: 'node@2' }],
  ['port 0', { raftPort: 0 }],
  ['a port beyond all', { p2pPort: 65536 }],
  ['no peer id', { peerId: '' }],
])('%s is refused', (_, change) => {
  expect(() => raftChanges({ ...input, node: 'node-3', members: changed(1, change) })).toThrow(EvhaError)
})

test('a stranger, a relative raft_dir and a relative signer_path are refused', () => {
  expect(() => raftChanges({ ...input, node: 'node-9' })).toThrow(/node-9 is not among the members/)
  expect(() => raftChanges({ ...input, node: 'node-1', raftDir: 'raft' })).toThrow(/not absolute/)
  expect(() => raftChanges({ ...input, node: 'node-1', signerPath: 'config' })).toThrow(/not absolute/)
})

test('for any list of members every node names the same set', () => {
  const list = fc
    .uniqueArray(fc.integer({ min: 1, max: 250 }), { minLength: 3, maxLength: 7 })
    .map((hosts) =>
      hosts.map((host) => ({
        nodeId: `n${host}`,
        address: `10.1.0.${host}`,
        raftPort: 5000 + host,
        p2pPort: 26656,
        peerId: `12D3KooWNopb21uSZmz5vwL3Dw1XScL1cCwdqHrycvDixYgA${'123456789ABCDEFGHJK'.charAt(host % 19)}${'abcdefghijkmnop'.charAt(host % 15)}`,
      })),
    )
    .filter((all) => new Set(all.map(({ peerId }) => peerId)).size === all.length)
  fc.assert(
    fc.property(list, (all) => {
      const sets = all.map(({ nodeId }) => {
        const changes = raftChanges({ ...input, members: all, node: nodeId })
        const self = `${String(changes['raft.node_id'])}@${String(changes['raft.raft_addr'])}`
        const peers = String(changes['raft.peers']).split(',')
        expect(peers).not.toContain(self)
        return [self, ...peers].sort().join()
      })
      expect(new Set(sets).size).toBe(1)
    }),
  )
})
