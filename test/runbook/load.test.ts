import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { defaults } from '../../src/runbook/defaults.ts'
import { loadRunbook, runbookFromText } from '../../src/runbook/load.ts'
import { runbookText } from './refused.ts'

test('the runbook for real hosts loads, and has five nodes', () => {
  const loaded = loadRunbook('runbooks/single-to-ha.yaml')
  expect(loaded.nodes.map((node) => node.name)).toEqual(['node-1', 'node-2', 'node-3', 'node-4', 'node-5'])
  expect(loaded.source.name).toBe('node-1')
  expect(loaded.peers.map((node) => node.name)).toEqual(['node-2', 'node-3', 'node-4', 'node-5'])
  expect(loaded.quorum).toBe(3)
  expect(loaded.staging).toBe(false)
  expect(loaded.window).toEqual(defaults.window)
})

test('what the runbook for real hosts shows as a default is the default', () => {
  const text = readFileSync('runbooks/single-to-ha.yaml', 'utf8')
  const shown =
    /^( *)# (?=(home|unit|rpc|dir|paths| {2}units| {2}evha| {2}run): ?\S*$|port: 5001$|raftPort: 5001$)/gm
  expect(text.match(shown)).toHaveLength(10)
  const written = runbookFromText(text.replace(shown, '$1'), 'chain.yaml')
  expect(written.nodes).toEqual(runbookFromText(text, 'chain.yaml').nodes)
  expect(written.text).not.toBe(text)
})

test("a lab's runbook loads: every path of a host lies in the directory of the host", () => {
  const loaded = loadRunbook('runbooks/lab.yaml')
  expect(loaded.staging).toBe(true)
  for (const { name, binary, home, passphraseFile, raftDir, paths } of loaded.nodes) {
    for (const path of [binary, home, passphraseFile, raftDir, ...Object.values(paths)]) {
      expect(path).toMatch(new RegExp(`^/tmp/evha-lab/hosts/${name}/`))
    }
  }
})

test('the digest is that of the text, and the text is kept for the run', () => {
  const text = runbookText()
  const loaded = runbookFromText(text, 'chain.yaml')
  expect(loaded.digest).toBe(createHash('sha256').update(text).digest('hex'))
  expect(runbookFromText(loaded.text, 'elsewhere.yaml')).toEqual({ ...loaded, path: 'elsewhere.yaml' })
})

test('a key of a node wins over the same key for all, and that over the default', () => {
  const text = runbookText({ more: 'p2p: { port: 7000 }\npaths: { evha: /srv/evha, run: /run/all }' })
    .replace(
      '  db: testapp',
      '  db: testapp\n  home: /srv/all\n  unit: all\n  paths: { evha: /srv/evha/all }',
    )
    .replace(
      'address: 192.0.2.2',
      'address: 192.0.2.2\n    home: /srv/two/\n    raftPort: 5002\n    p2pPort: 7002\n    paths: { units: /srv/units }',
    )
  const [first, second] = runbookFromText(text, 'chain.yaml').nodes
  expect(first).toMatchObject({
    home: '/srv/all',
    unit: 'all.service',
    raftDir: '/srv/all/raft',
    raftPort: 5001,
    p2pPort: 7000,
    rpc: { host: '127.0.0.1', port: 7331 },
    paths: { units: '/etc/systemd/system', evha: '/srv/evha/all', run: '/run/all' },
  })
  expect(second).toMatchObject({
    home: '/srv/two',
    unit: 'all.service',
    raftDir: '/srv/two/raft',
    raftPort: 5002,
    p2pPort: 7002,
    paths: { units: '/srv/units', evha: '/srv/evha/all', run: '/run/all' },
  })
})

test('a heading without keys is as good as none', () => {
  const bare = runbookFromText(runbookText({ more: 'raft:\np2p:\nda:\ncopy:\nwindow:\npaths:\n' }), 'a.yaml')
  const none = runbookFromText(runbookText(), 'a.yaml')
  expect({ ...bare, text: '', digest: '' }).toEqual({ ...none, text: '', digest: '' })
})

test("a key file in the operator's home directory is found there", () => {
  const login = '{ host: 192.0.2.2, user: root, identityFile: ~/.ssh/id, knownHostsFile: /srv/known }'
  const loaded = runbookFromText(runbookText().replace('root@192.0.2.2', login), 'chain.yaml')
  expect(loaded.nodes[1]?.ssh).toMatchObject({
    identityFile: join(homedir(), '.ssh/id'),
    knownHostsFile: '/srv/known',
  })
})

test.each([
  ['absent.yaml', 'there is no such file'],
  ['', 'it is a directory'],
])('a runbook that cannot be read (%s) is a mistake of usage', (name, reason) => {
  const path = name === '' ? 'test' : join('test', name)
  const error = thrownBy(() => loadRunbook(path))
  expect(error.kind).toBe('usage')
  expect(error.message).toBe(`the runbook ${path} cannot be read: ${reason}`)
})

function thrownBy(act: () => unknown): EvhaError {
  try {
    act()
  } catch (error) {
    if (error instanceof EvhaError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

test('hooks are programs of this workstation with their arguments; none is the default', () => {
  expect(runbookFromText(runbookText({ more: 'hooks:' }), 'chain.yaml').hooks).toEqual({
    timeoutSeconds: defaults.hooks.timeoutSeconds,
    commands: {},
  })
  const more = 'hooks: { timeoutSeconds: 5, prepared: ~/bin/page, ended: [/usr/bin/page, -m, "a b"] }'
  expect(runbookFromText(runbookText({ more }), 'chain.yaml').hooks).toEqual({
    timeoutSeconds: 5,
    commands: { prepared: [join(homedir(), 'bin/page')], ended: ['/usr/bin/page', '-m', 'a b'] },
  })
})

test('an execution client is named for all nodes, and for one alone; where none is named, none is loaded', () => {
  const text = runbookText({
    more: 'execution: { ethUrl: "http://localhost:9545", jwtSecretFile: /etc/jwt }',
  })
  const own = '    address: 192.0.2.2\n    execution: { ethUrl: "http://10.0.0.9:8545" }'
  const [first, second] = runbookFromText(text.replace('    address: 192.0.2.2', own), 'chain.yaml').nodes
  expect(first?.execution).toEqual({ ethUrl: 'http://localhost:9545', jwtSecretFile: '/etc/jwt' })
  expect(second?.execution).toEqual({ ethUrl: 'http://10.0.0.9:8545', jwtSecretFile: '/etc/jwt' })
  expect(runbookFromText(runbookText(), 'chain.yaml').nodes[0]).not.toHaveProperty('execution')
})

test('whatever a runbook says, it is loaded or refused in words', () => {
  const good = `${runbookText()}raft: { timing: auto }\nhooks: { timeoutSeconds: 3 }\n`
  const broken = fc
    .tuple(
      fc.nat(good.length),
      fc.nat(40),
      fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('\t', '&a [*a]', '<<: *a', '{', '---\n', '? ', '1e999', '!!js '),
      ),
    )
    .map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), broken), (text) => {
      try {
        expect(runbookFromText(text, 'chain.yaml').nodes.length).toBeGreaterThan(2)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EvhaError)
        expect((thrown as EvhaError).kind).toBe('usage')
        expect((thrown as EvhaError).message.length).toBeLessThan(4_000)
      }
    }),
    { numRuns: 300 },
  )
})

test('a text that was read before is named by where it is read from now', () => {
  const text = runbookText()
  expect(runbookFromText(text, 'here.yaml').path).toBe('here.yaml')
  expect(runbookFromText(text, 'there.yaml').path).toBe('there.yaml')
  const changed = text.replace('192.0.2.2', '192.0.2.9')
  expect(runbookFromText(changed, 'here.yaml').nodes).not.toEqual(runbookFromText(text, 'here.yaml').nodes)
})
