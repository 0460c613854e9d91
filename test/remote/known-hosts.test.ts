import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fingerprint, parseKnownHosts, readKnownHosts } from '../../src/remote/known-hosts.ts'

const dir = mkdtempSync(join(tmpdir(), 'evha-known-'))
afterAll(() => rmSync(dir, { recursive: true }))

function makeKey(name: string, type: string): { text: string; blob: Buffer } {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', join(dir, name)])
  const text = readFileSync(join(dir, `${name}.pub`), 'utf8').trim()
  return { text, blob: Buffer.from(text.split(' ')[1] ?? '', 'base64') }
}

const ed = makeKey('ed', 'ed25519')
const other = makeKey('other', 'ed25519')
const ec = makeKey('ec', 'ecdsa')
const file = 'known_hosts'
const known = (...lines: string[]) => parseKnownHosts([{ file, text: `${lines.join('\n')}\n` }])

test('a host is matched by its name, and on another port by [name]:port', () => {
  const hosts = known('# mine', '', `node-1,192.0.2.1 ${ed.text}`, `[node-2]:2222 ${ed.text} a comment`)
  expect(hosts.verify('node-1', 22, ed.blob)).toEqual({ kind: 'matched' })
  expect(hosts.verify('NODE-1', 22, ed.blob)).toEqual({ kind: 'matched' })
  expect(hosts.verify('192.0.2.1', 22, ed.blob)).toEqual({ kind: 'matched' })
  expect(hosts.verify('node-2', 2222, ed.blob)).toEqual({ kind: 'matched' })
  expect(hosts.verify('node-2', 22, ed.blob).kind).toBe('unknown')
})

test('an unknown host comes with the very line that makes it known', () => {
  for (const port of [22, 2222]) {
    const verdict = known().verify('node-1', port, ed.blob)
    if (verdict.kind !== 'unknown') throw new Error(verdict.kind)
    expect(verdict.line).toBe(`${port === 22 ? 'node-1' : '[node-1]:2222'} ${ed.text}`)
    expect(known(verdict.line).verify('node-1', port, ed.blob)).toEqual({ kind: 'matched' })
  }
})

test('a changed key names the old line and a command that really removes it', () => {
  const path = join(dir, 'changed')
  writeFileSync(path, `node-9 ${ed.text}\n[127.0.0.1]:2222 ${other.text}\n`)
  const hosts = parseKnownHosts([{ file: path, text: readFileSync(path, 'utf8') }])
  const verdict = hosts.verify('127.0.0.1', 2222, ed.blob)
  if (verdict.kind !== 'changed') throw new Error(verdict.kind)
  expect(verdict.at).toBe(`${path}:2`)
  execFileSync('sh', ['-c', verdict.remove], { stdio: 'ignore' })
  expect(readFileSync(path, 'utf8')).toBe(`node-9 ${ed.text}\n`)
})

test('a host known by a key of another type counts as changed, as in OpenSSH', () => {
  const verdict = known(`node-1 ${ec.text}`).verify('node-1', 22, ed.blob)
  expect(verdict).toMatchObject({ kind: 'changed', at: 'known_hosts:1' })
})

test('a second key of a host is as good as its first', () => {
  const hosts = known(`node-1 ${ec.text}`, `node-1 ${ed.text}`)
  expect(hosts.verify('node-1', 22, ed.blob)).toEqual({ kind: 'matched' })
  expect(hosts.keyTypes('node-1', 22)).toEqual(['ecdsa-sha2-nistp256', 'ssh-ed25519'])
  expect(hosts.keyTypes('node-2', 22)).toEqual([])
})

test('a revoked key is refused, however else it is known', () => {
  const hosts = known(`node-1 ${ed.text}`, `@revoked * ${ed.text}`)
  expect(hosts.verify('node-1', 22, ed.blob)).toEqual({ kind: 'revoked', at: 'known_hosts:2' })
  expect(hosts.verify('node-1', 22, other.blob).kind).toBe('changed')
})

test('a certificate authority vouches for nothing here, and that is said', () => {
  const hosts = known(`@cert-authority *.example.com ${ed.text}`)
  expect(hosts.verify('a.example.com', 22, ed.blob)).toMatchObject({ kind: 'unknown', certAuthority: true })
  expect(hosts.verify('elsewhere', 22, ed.blob)).toMatchObject({ kind: 'unknown', certAuthority: false })
  expect(hosts.keyTypes('a.example.com', 22)).toEqual([])
})

test('a bare name vouches on another port only for the same key', () => {
  const hosts = known(`node-1 ${ed.text}`)
  expect(hosts.verify('node-1', 2222, ed.blob)).toEqual({ kind: 'matched' })
  expect(hosts.verify('node-1', 2222, other.blob).kind).toBe('unknown')
})

test.each([
  'node-1',
  'node-1 ssh-ed25519',
  'node-1 ssh-ed25519 AAAA',
  `node-1 ssh-rsa ${ed.text.split(' ')[1]}`,
  '|1|broken',
])('the unreadable line %j is passed over', (line) => {
  const hosts = known(line, `node-1 ${ed.text}`)
  expect(hosts.verify('node-1', 22, ed.blob)).toEqual({ kind: 'matched' })
})

test('the fingerprint is the one ssh-keygen prints', () => {
  const printed = execFileSync('ssh-keygen', ['-lf', join(dir, 'ed.pub')], { encoding: 'utf8' })
  expect(printed).toContain(` ${fingerprint(ed.blob)} `)
})

test('files are read in their order, and one that is missing counts as empty', async () => {
  writeFileSync(join(dir, 'one'), `node-1 ${ed.text}\n`)
  const hosts = await readKnownHosts([join(dir, 'nowhere'), join(dir, 'one')])
  expect(hosts.verify('node-1', 22, ed.blob)).toEqual({ kind: 'matched' })
})

test('a file that cannot be read is named, not taken for an empty one', async () => {
  await expect(readKnownHosts([dir])).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining(dir),
  })
})

test('finds exactly the hosts ssh-keygen -F finds, plain and hashed', () => {
  const plainFile = join(dir, 'plain')
  const hashedFile = join(dir, 'hashed')
  const hashable = [`node-1 ${ed.text}`, `[node-1]:2222 ${ed.text}`, `node-2,192.0.2.2 ${ed.text}`]
  const patterns = [
    `*.example.com,!bad.example.com ${ed.text}`,
    `node-? ${ed.text}`,
    `[*.lab]:2200 ${ed.text}`,
    `UPPER.case ${ed.text}`,
  ]
  writeFileSync(plainFile, `${[...hashable, ...patterns].join('\n')}\n`)
  writeFileSync(hashedFile, `${hashable.join('\n')}\n`)
  execFileSync('ssh-keygen', ['-q', '-H', '-f', hashedFile], { stdio: 'ignore' })
  expect(readFileSync(hashedFile, 'utf8')).toMatch(/^\|1\|/)

  const asked: [string, number][] = [
    ['node-1', 22],
    ['node-1', 2222],
    ['node-2', 22],
    ['192.0.2.2', 22],
    ['192.0.2.22', 22],
    ['node-3', 22],
    ['node-33', 22],
    ['a.example.com', 22],
    ['bad.example.com', 22],
    ['example.com', 22],
    ['x.lab', 2200],
    ['upper.case', 22],
    ['Node-1', 22],
    ['axexample.com', 22],
  ]
  for (const path of [plainFile, hashedFile]) {
    const hosts = parseKnownHosts([{ file: path, text: readFileSync(path, 'utf8') }])
    const ours = asked.map(([host, port]) => hosts.verify(host, port, ed.blob).kind === 'matched')
    const theirs = asked.map(([host, port]) => keygenFinds(path, port === 22 ? host : `[${host}]:${port}`))
    expect(ours).toEqual(theirs)
    expect(new Set(ours).size).toBe(2)
  }
})

function keygenFinds(path: string, name: string): boolean {
  // ssh itself asks in lower case.
  return spawnSync('ssh-keygen', ['-F', name.toLowerCase(), '-f', path]).status === 0
}
