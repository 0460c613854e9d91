import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../../src/evnode/config.ts'
import { runbookFromText } from '../../../src/runbook/load.ts'
import { readUnit } from '../../../src/steps/host/systemd.ts'
import { hostFindings, peerFindings, sharedNodeKeys } from '../../../src/steps/prepare/findings.ts'
import { sourceFindings } from '../../../src/steps/prepare/source-findings.ts'
import type { Survey } from '../../../src/steps/prepare/survey.ts'

const runbook = runbookFromText(
  readFileSync(join(import.meta.dirname, '..', '..', '..', 'runbooks', 'single-to-ha.yaml'), 'utf8'),
  'single-to-ha.yaml',
)
const spec = runbook.source
const healthy: Survey = {
  missingTools: [],
  gnuTar: true,
  binarySha256: 'aa',
  binaryVersion: 'evolve version: v1.2.3 evolve git sha: 74eccba',
  unitThere: true,
  configThere: true,
  raftDirThere: false,
  genesisSha256: 'bb',
  signerSha256: 'cc',
  nodeKeyPublic: 'k1',
  passphraseThere: true,
  storeThere: true,
  signerIsMount: false,
  dataBytes: 1_000,
  freeBytes: 1_000_000,
  clockMs: 0,
}
const fresh: Survey = {
  ...healthy,
  unitThere: false,
  configThere: false,
  genesisSha256: '',
  signerSha256: '',
  nodeKeyPublic: '',
  storeThere: false,
  signerIsMount: false,
  dataBytes: 0,
}
const down = readUnit('LoadState=not-found\nActiveState=inactive\n')
const up = readUnit('LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n')
const config = readConfig(
  readFileSync(
    join(import.meta.dirname, '..', '..', 'fixtures', 'evnode', 'homes', 'node-1', 'evnode.yaml'),
    'utf8',
  ),
)
const whats = (findings: readonly { level: string; what: string }[]) =>
  findings.map(({ level, what }) => `${level}: ${what}`)

test('a healthy host, a fresh peer and a running source have no blocker', () => {
  expect(hostFindings(spec, healthy, 0)).toEqual([])
  expect(peerFindings(spec, fresh, down, healthy, runbook)).toEqual([])
  expect(sourceFindings(spec, healthy, up, config)).toEqual([])
})

test.each<[string, Partial<Survey>, RegExp]>([
  ['a missing tool', { missingTools: ['flock'] }, /flock is missing/],
  ['another tar', { gnuTar: false }, /not GNU tar/],
  [
    'a Raft directory of before',
    { raftDirThere: true },
    /the Raft directory \/var\/lib\/ev-node\/raft is there/,
  ],
  ['no passphrase', { passphraseThere: false }, /passphrase file/],
])('%s blocks a host', (_what, change, says) => {
  expect(whats(hostFindings(spec, { ...healthy, ...change }, 0))).toEqual([expect.stringMatching(says)])
})

test.each([1_500, -1_500])('a clock %i ms off blocks; a tenth of that does not', (skewMs) => {
  expect(whats(hostFindings(spec, healthy, skewMs))[0]).toMatch(/^blocks: its clock/)
  expect(hostFindings(spec, healthy, skewMs / 10)).toEqual([])
})

test.each<[string, Partial<Survey>, RegExp]>([
  ['no binary', { binarySha256: '' }, /is missing/],
  ['another binary', { binarySha256: 'zz' }, /another binary/],
  ['data of its own', { storeThere: true }, /data below/],
  ['a key of its own', { signerSha256: 'zz' }, /signer.json of its own/],
  ['another genesis', { genesisSha256: 'zz' }, /another chain/],
  ['no room', { freeBytes: 1_500 }, /bytes are free/],
])('%s blocks a peer, with a cure', (_what, change, says) => {
  const [finding, ...rest] = peerFindings(spec, { ...fresh, ...change }, down, healthy, runbook)
  expect(rest).toEqual([])
  expect(finding).toMatchObject({ level: 'blocks', what: expect.stringMatching(says) })
  expect(finding?.cure).not.toBe('')
})

test('a peer that runs already blocks, and so does one that a reboot would start', () => {
  expect(whats(peerFindings(spec, fresh, up, healthy, runbook))).toEqual([
    expect.stringMatching(/^blocks: .* runs already/),
  ])
  const enabled = readUnit('LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled\n')
  expect(peerFindings(spec, fresh, enabled, healthy, runbook)).toMatchObject([
    { level: 'blocks', what: 'ev-node.service is enabled', cure: 'systemctl disable ev-node.service' },
  ])
})

test('files of a peer that evha replaces are named, with the way to keep them', () => {
  const survey = { ...fresh, unitThere: true, configThere: true }
  expect(peerFindings(spec, survey, down, healthy, runbook)).toMatchObject([
    { level: 'warns', what: '/etc/systemd/system/ev-node.service is there already' },
    {
      level: 'warns',
      what: '/var/lib/ev-node/config/evnode.yaml is there already',
      cure: expect.stringContaining('cp -p /var/lib/ev-node/config/evnode.yaml'),
    },
  ])
})

test("a unit is the operator's own, as systemd knows it: a packaged one, drop-ins for all and unread changes block", () => {
  const shown = (more: string) => readUnit(`ActiveState=active\nUnitFileState=enabled\n${more}`)
  const cures = (more: string) =>
    sourceFindings(spec, healthy, shown(more), config)
      .filter(({ level }) => level === 'blocks')
      .map(({ what, cure }) => `${what} -> ${cure}`)
  const own = '/etc/systemd/system/ev-node.service'
  expect(cures(`FragmentPath=${own}\nDropInPaths=${own}.d/10-limits.conf\n`)).toEqual([])
  expect(cures('FragmentPath=/usr/lib/systemd/system/ev-node.service\n')).toEqual([
    expect.stringMatching(/cp \/usr\/lib\/systemd\/system\/ev-node\.service \/etc\/systemd\/system\/ && /),
  ])
  expect(cures(`FragmentPath=${own}\nDropInPaths=/etc/systemd/system/service.d/all.conf\n`)).toEqual([
    expect.stringMatching(
      /service\.d\/all\.conf is part of .* \/etc\/systemd\/system\/ev-node\.service\.d\/ && /,
    ),
  ])
  expect(cures(`FragmentPath=${own}\nNeedDaemonReload=yes\n`)).toEqual([
    expect.stringMatching(/changed after systemd read it -> .*systemctl daemon-reload/),
  ])
})

test('a stopped sequencer, a missing database and a foreign db_path block the source; a unit that is not enabled warns', () => {
  const found = whats(
    sourceFindings(spec, { ...healthy, storeThere: false }, down, { ...config, dbPath: '/elsewhere' }),
  )
  expect(found).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^blocks: .* is inactive/),
      expect.stringMatching(/^warns: .* is not enabled/),
      expect.stringMatching(/^blocks: there is no database/),
      expect.stringMatching(/^blocks: db_path/),
    ]),
  )
})

test('a key that can not be renamed is told before the chain stands still', () => {
  const unit = readUnit('ActiveState=active\nUnitFileState=enabled\n')
  expect(sourceFindings(spec, { ...healthy, signerIsMount: true }, unit, config)).toMatchObject([
    {
      level: 'blocks',
      what: '/var/lib/ev-node/config/signer.json is a mount of its own',
      cure: expect.stringContaining('umount /var/lib/ev-node/config/signer.json'),
    },
  ])
})

test('a binary from before Raft was hardened blocks the source', () => {
  const old = { ...healthy, binaryVersion: 'evolve version: v1.1.0 evolve git sha: 0' }
  expect(whats(sourceFindings(spec, old, up, config))).toEqual(['blocks: the binary is v1.1.0'])
})

test('two hosts with one node key are found, and which two', () => {
  expect(sharedNodeKeys({ a: 'k1', b: 'k2', c: '', d: '' })).toEqual([])
  expect(sharedNodeKeys({ a: 'k1', b: 'k1' })).toMatchObject([
    { host: 'b', what: 'it has the node key of a' },
  ])
})

test('on an EVM chain a peer has room for the store of a full node, too', () => {
  const tight = { ...fresh, freeBytes: healthy.dataBytes * 2.5 }
  expect(peerFindings(spec, tight, down, healthy, runbook)).toEqual([])
  expect(peerFindings(spec, tight, down, healthy, runbook, true)).toMatchObject([
    {
      level: 'blocks',
      what: expect.stringContaining('2500 bytes are free'),
      why: expect.stringContaining('full node'),
    },
  ])
})
