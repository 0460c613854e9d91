import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Ground, groundDirs, readGround, surveyGround } from '../../../src/steps/prepare/ground.ts'
import { groundFindings, sameHost } from '../../../src/steps/prepare/ground-findings.ts'
import { locally, nodeIn, scratch } from '../host/locally.ts'

const healthy: Ground = {
  readOnly: [],
  free: { '/var/lib/ev-node': 1e10 },
  userThere: true,
  unreadable: [],
  modes: { '/etc/ev-node/passphrase': '600' },
  owners: { '/etc/ev-node/passphrase': 'root' },
  listening: ['*:22', '127.0.0.1:631'],
  bootId: 'one',
  ntp: 'yes',
}
const whats = (findings: readonly { level: string; what: string }[]) =>
  findings.map(({ level, what }) => `${level}: ${what}`)

test('looks at a host through a real shell', async () => {
  const dir = scratch()
  const spec = { ...nodeIn(dir), passphraseFile: join(dir, 'pass') }
  mkdirSync(join(dir, 'home', 'config'), { recursive: true })
  writeFileSync(join(dir, 'home', 'config', 'signer.json'), '{}')
  writeFileSync(join(dir, 'pass'), 'x')
  chmodSync(join(dir, 'home', 'config', 'signer.json'), 0o600)
  chmodSync(join(dir, 'pass'), 0o644)
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const looked = locally(surveyGround(spec, ''))
  server.close()
  expect(looked.stderr).toBe('')
  const ground = readGround(looked.stdout)
  expect(Object.keys(ground.free)).toEqual([...groundDirs(spec)])
  expect(Math.min(...Object.values(ground.free))).toBeGreaterThan(0)
  expect(ground.modes).toEqual({
    [join(dir, 'pass')]: '644',
    [join(dir, 'home', 'config', 'signer.json')]: '600',
  })
  expect(ground).toMatchObject({ readOnly: [], userThere: true, unreadable: [] })
  expect(ground.listening).toContain(`127.0.0.1:${port}`)
  expect(ground.bootId).toMatch(/^[0-9a-f]{32}$/)
})

test('a timedatectl that waits for a bus which never comes holds nobody up, and says nothing', () => {
  const bin = scratch()
  writeFileSync(join(bin, 'timedatectl'), '#!/bin/sh\nexec sleep 4711\n', { mode: 0o755 })
  const path = process.env['PATH']
  onTestFinished(() => {
    process.env['PATH'] = path
  })
  process.env['PATH'] = `${bin}:${path}`
  const looked = locally(surveyGround(nodeIn(scratch()), ''))
  expect(looked.code).toBe(0)
  expect(readGround(looked.stdout)).toMatchObject({ ntp: '', userThere: true })
})

test('a user that is not there is told apart', () => {
  const looked = locally(surveyGround(nodeIn(scratch()), 'nobody-of-this-name'))
  expect(readGround(looked.stdout).userThere).toBe(false)
})

test('reads sockets as the kernel writes them', () => {
  const text = [
    'listen 0100007F:1CA3',
    'listen 00000000:0016',
    'listen 00000000000000000000000000000000:1DFC',
    'listen 0000000000000000FFFF00000100007F:0050',
    'listen B80D0120000000000000000001000000:1389',
  ].join('\n')
  expect(readGround(text).listening).toEqual([
    '127.0.0.1:7331',
    '*:22',
    '*:7676',
    '127.0.0.1:80',
    '[2001:db8::1]:5001',
  ])
})

test('a healthy ground has no finding', () => {
  expect(groundFindings(nodeIn('/d'), healthy, 'ev-node', false)).toEqual([])
})

test.each<[string, Partial<Ground>, RegExp]>([
  ['a read-only file system', { readOnly: ['/var'] }, /^blocks: \/var can not be written/],
  ['a full disk', { free: { '/d/evha': 1_000 } }, /^blocks: only 1000 bytes are free at \/d\/evha/],
  ['a busy Raft port', { listening: ['127.0.0.11:5001'] }, /^blocks: something listens on 127.0.0.11:5001/],
  ['a port taken on every address', { listening: ['*:5001'] }, /^blocks: something listens on/],
  ['a busy RPC port', { listening: ['127.0.0.1:7331'] }, /^blocks: something listens on 127.0.0.1:7331/],
  ['an open passphrase', { modes: { '/p': '640' } }, /^warns: \/p has mode 640/],
  ['a key the user can not read', { unreadable: ['/k'] }, /^blocks: ev-node can not read \/k/],
  ['no time server', { ntp: 'no' }, /^warns: its clock is not kept by NTP/],
  ['nobody who tells of one', { ntp: '' }, /^warns: whether NTP keeps its clock is not known/],
])('%s is found, with a cure', (_name, change, what) => {
  const found = groundFindings(nodeIn('/d'), { ...healthy, ...change }, 'ev-node', false)
  expect(whats(found)).toEqual([expect.stringMatching(what)])
  expect(found[0]?.cure).not.toBe('')
})

test('a passphrase can not belong to a user that does not exist', () => {
  const spec = { ...nodeIn('/d'), passphraseFile: '/p' }
  const ground = { ...healthy, userThere: false, modes: { '/p': '600' } }
  expect(whats(groundFindings(spec, ground, 'ev-node', false))).toEqual([
    'blocks: the user ev-node does not exist, so /p can not be its own',
  ])
})

test("the live node's own RPC port is no busy port", () => {
  const ground = { ...healthy, listening: ['127.0.0.1:7331'] }
  expect(groundFindings(nodeIn('/d'), ground, '', true)).toEqual([])
})

test('one host under two names is found by its boot, unless each node has files of its own', () => {
  const [one, two] = [nodeIn('/d'), { ...nodeIn('/d'), name: 'node-2' }]
  const grounds = { 'node-1': healthy, 'node-2': healthy }
  expect(whats(sameHost([one, two], grounds))).toEqual([
    expect.stringMatching(/^blocks: it is the same host as node-1, with the same home/),
  ])
  expect(sameHost([one, two], { ...grounds, 'node-2': { ...healthy, bootId: 'two' } })).toEqual([])
  const apart = { ...nodeIn('/e'), name: 'node-2' }
  expect(sameHost([one, apart], grounds)).toEqual([])
})

test('evha cures only what can be taken back and disturbs nobody who reads the file today', () => {
  const spec = { ...nodeIn(scratch()), passphraseFile: '/etc/ev-node/passphrase' }
  const open = { ...healthy, modes: { '/etc/ev-node/passphrase': '640' } }
  const owned = (owner: string) => ({ ...open, owners: { '/etc/ev-node/passphrase': owner } })
  expect(groundFindings(spec, owned('ev-node'), 'ev-node', true)).toMatchObject([
    {
      level: 'warns',
      fix: {
        commands: [['chmod', '600', '/etc/ev-node/passphrase']],
        undo: 'chmod 640 /etc/ev-node/passphrase',
      },
    },
  ])
  // The node reads it by its group: chmod 600 would take it away from it.
  expect(groundFindings(spec, owned('root'), 'ev-node', true)[0]?.fix).toBeUndefined()

  const closed = { ...healthy, unreadable: ['/etc/ev-node/passphrase'] }
  expect(groundFindings(spec, closed, 'ev-node', false)[0]?.fix?.undo).toBe(
    'chown root /etc/ev-node/passphrase && chmod 600 /etc/ev-node/passphrase',
  )
  expect(groundFindings(spec, closed, 'ev-node', true)[0]?.fix).toBeUndefined()
})

test('a place that df tells nothing of counts as one without room', () => {
  const bin = scratch()
  writeFileSync(`${bin}/df`, '#!/bin/sh\nprintf "titles\\n/dev/a 9 1 8000000000 1%% /\\n"\n', { mode: 0o755 })
  const path = process.env['PATH']
  onTestFinished(() => {
    process.env['PATH'] = path
  })
  process.env['PATH'] = `${bin}:${path}`
  const { free } = readGround(locally(surveyGround(nodeIn(scratch()), '')).stdout)
  expect(Object.values(free)).toEqual([8e9, 0, 0, 0])
})
