import { expect, test } from 'vitest'
import { mergeConfig, readConfig } from '../../src/evnode/config.ts'
import { configProblems } from '../../src/evnode/config-problems.ts'
import { readGenesis } from '../../src/evnode/genesis.ts'
import { peerIdOf } from '../../src/evnode/peer-id.ts'
import { raftChanges } from '../../src/evnode/raft-changes.ts'
import { readSigner } from '../../src/evnode/signer.ts'
import { nodeTiming } from '../../src/evnode/timing.ts'
import { fixture } from './fixture.ts'

const nodes = ['node-1', 'node-2', 'node-3']
const members = nodes.map((nodeId, k) => ({
  nodeId,
  address: `10.0.0.${k + 1}`,
  raftPort: 5001,
  p2pPort: 7676,
  peerId: peerIdOf(fixture(`homes/${nodeId}/node_key.json`)),
}))

test('the three recorded nodes are of one chain, one key and three identities', () => {
  const genesis = nodes.map((node) => readGenesis(fixture(`homes/${node}/genesis.json`)))
  expect(new Set(genesis.map(({ chainId }) => chainId)).size).toBe(1)
  const addresses = nodes.map((node) => readSigner(fixture(`homes/${node}/signer.json`)).proposerAddress)
  expect(new Set(addresses)).toEqual(new Set([genesis[0]?.proposerAddress]))
  expect(new Set(members.map(({ peerId }) => peerId)).size).toBe(3)
})

test.each(nodes)("%s: its recorded config becomes a member's, and nothing else in it changes", (node) => {
  const text = fixture(`homes/${node}/evnode.yaml`)
  const timing = nodeTiming
  const merged = mergeConfig(text, raftChanges({ node, members, timing, raftDir: '/var/lib/ev-node/raft' }))
  const [before, after] = [readConfig(text), readConfig(merged.text)]
  expect(after.raft).toMatchObject({ enable: true, nodeId: node, dir: '/var/lib/ev-node/raft' })
  expect(after.raft.peers).toHaveLength(2)
  expect(configProblems(before)).toEqual([])
  const untouched = ({
    raft: _raft,
    p2pListen: _listen,
    p2pPort: _port,
    p2pPeers: _peers,
    aggregator: _is,
    ...rest
  }: typeof before) => rest
  expect(untouched(after)).toEqual(untouched(before))
  expect(merged.text.match(/#.*/g)).toEqual(text.match(/#.*/g))
})
