import { expect, test } from 'vitest'
import { runbookFromText } from '../../src/runbook/load.ts'
import { type RunbookDraft, runbookText } from '../../src/runbook/write.ts'

const draft: RunbookDraft = {
  chain: '123',
  binary: '/usr/local/bin/testapp',
  home: '/var/lib/ev-node',
  unit: 'ev-node.service',
  user: 'ev-node',
  db: 'testapp',
  passphraseFile: '/etc/ev-node/passphrase',
  rpc: '127.0.0.1:7331',
  nodes: [
    { name: 'node-1', ssh: { host: 'a', user: 'ops' }, address: '10.0.0.1', note: 'a' },
    {
      name: 'node-2',
      ssh: { host: 'b', port: 2222, identityFile: '/k', knownHostsFile: '~/kh' },
      address: '10.0.0.2',
      note: 'b\n  - name: smuggled',
    },
    { name: 'node-3', ssh: { host: '2001:db8::3', port: 22 }, address: '2001:db8::3', note: 'c', root: '/r' },
  ],
  raftPort: 5001,
  p2pPort: 7676,
  da: { address: 'http://da:7980', namespace: 'a # b\nc: d' },
  timing: 'x',
  notes: { chain: 'c', node: 'n', db: 'd', data: 'b', blockTime: 't' },
}

test('what is written loads as it was meant, whatever a host called itself', () => {
  const loaded = runbookFromText(runbookText(draft), 'x')
  expect(loaded).toMatchObject({ chain: '123', staging: false, source: { name: 'node-1' } })
  expect(loaded.nodes).toHaveLength(3)
  expect(loaded.nodes.map(({ ssh }) => ssh)).toEqual([
    { host: 'a', user: 'ops' },
    { host: 'b', port: 2222, identityFile: '/k', knownHostsFile: expect.stringMatching(/^\/.*\/kh$/) },
    { host: '2001:db8::3', port: 22 },
  ])
  expect(loaded.nodes[2]?.paths).toEqual({
    units: '/r/etc/systemd/system',
    evha: '/r/var/lib/evha',
    run: '/r/run/evha',
  })
  expect(loaded.nodes[0]).toMatchObject({ user: 'ev-node', passphraseFile: '/etc/ev-node/passphrase' })
})

test('a root user and no passphrase file leave no keys behind', () => {
  const loaded = runbookFromText(runbookText({ ...draft, user: '', passphraseFile: '', rpc: null }), 'x')
  expect(loaded.source.user).toBeUndefined()
  expect(loaded.source.passphraseFile).toBeUndefined()
})
