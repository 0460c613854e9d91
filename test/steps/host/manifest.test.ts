import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import type { NodeSpec } from '../../../src/runbook/load.ts'
import {
  difference,
  type Listing,
  type Marks,
  manifestOf,
  readManifest,
} from '../../../src/steps/host/manifest.ts'
import { lockDir, storeTree } from '../../../src/steps/host/tree.ts'
import { locally, nodeIn, scratch } from './locally.ts'

const table = 'data/testapp/000001.sst'

function storeIn(dir: string): NodeSpec {
  const spec = nodeIn(dir)
  mkdirSync(lockDir(spec), { recursive: true })
  writeFileSync(`${lockDir(spec)}/000001.sst`, 'blocks')
  writeFileSync(`${lockDir(spec)}/MANIFEST`, 'tables: 1')
  return spec
}

const marksIn = (dir: string, mark: Marks['mark'], invocation = 'one'): Marks => ({
  file: `${dir}/evha/runs/r/marks`,
  invocation,
  mark,
})

/** The list, and whether any content was read for it: programs that read are counted by what stands before them on PATH. */
function listed(spec: NodeSpec, dir: string, listing: Listing, secondsLater = 0) {
  const bin = `${dir}/bin-${secondsLater}`
  mkdirSync(bin, { recursive: true })
  const shim = (name: string, text: string) => {
    writeFileSync(`${bin}/${name}`, `#!/bin/sh\n${text}\n`)
    chmodSync(`${bin}/${name}`, 0o755)
  }
  shim('sha256sum', `echo "$*" >> ${dir}/was-read\nexec /usr/bin/sha256sum "$@"`)
  shim('date', `echo $(($(/usr/bin/date +%s) + ${secondsLater}))`)
  const command = manifestOf(storeTree(spec), listing)
  const argv: Command['argv'] = ['env', `PATH=${bin}:${process.env['PATH']}`, ...command.argv]
  writeFileSync(`${dir}/was-read`, '')
  const ended = locally({ ...command, argv })
  expect(ended.code, ended.stderr).toBe(0)
  return { manifest: readManifest(ended.stdout), read: readFileSync(`${dir}/was-read`, 'utf8') }
}

test('by its marks alone a store is listed without reading it: what has none is named, and equal to nothing', () => {
  const dir = scratch()
  const spec = storeIn(dir)
  const all = listed(spec, dir, { marks: marksIn(dir, 'doneWith'), running: true }, 60).manifest
  const noted = readFileSync(marksIn(dir, 'unread').file, 'utf8')
  const { manifest, read } = listed(spec, dir, { marks: marksIn(dir, 'unread') }, 120)
  expect(read).toBe('')
  expect([...manifest.keys()]).toEqual([...all.keys()])
  expect(manifest.get(table)).toEqual(all.get(table))
  const named = 'data/testapp/MANIFEST'
  expect(manifest.get(named)).toEqual({ ...all.get(named), digest: 'unread' })
  expect(readFileSync(marksIn(dir, 'unread').file, 'utf8')).toBe(noted)
  expect(difference(manifest, all)).toEqual({ toCopy: [named], toRemove: [] })
  expect(difference(manifest, manifest).toCopy).toEqual([named])
})

test('what is marked is not read again, and stands in the list as before', () => {
  const dir = scratch()
  const spec = storeIn(dir)
  const marks = marksIn(dir, 'everything')
  const first = listed(spec, dir, { marks })
  expect(first.read).toContain(table)
  const again = listed(spec, dir, { marks })
  expect(again.read).toBe('')
  expect(again.manifest).toEqual(first.manifest)
  expect([...again.manifest.keys()]).toEqual(['data/testapp/000001.sst', 'data/testapp/MANIFEST'])
})

test.each<[string, (path: string) => void]>([
  ['other content of the same size in place', (path) => writeFileSync(path, 'blockz')],
  ['another size', (path) => appendFileSync(path, 'more')],
  [
    'another inode',
    (path) => {
      writeFileSync(`${path}.new`, 'blockz')
      renameSync(`${path}.new`, path)
    },
  ],
  ['a change of its rights', (path) => chmodSync(path, 0o600)],
])('a mark is void after %s', (_what, change) => {
  const dir = scratch()
  const spec = storeIn(dir)
  const marks = marksIn(dir, 'everything')
  const before = listed(spec, dir, { marks })
  change(`${spec.home}/${table}`)
  const after = listed(spec, dir, { marks })
  expect(after.read).toContain(table)
  expect(after.read).not.toContain('MANIFEST')
  const plain = readManifest(locally(manifestOf(storeTree(spec), {})).stdout)
  expect(difference(after.manifest, plain)).toEqual({ toCopy: [], toRemove: [] })
  expect(before.manifest.get(table)).toBeDefined()
})

test('all marks are void once the source runs under another invocation', () => {
  const dir = scratch()
  const spec = storeIn(dir)
  listed(spec, dir, { marks: marksIn(dir, 'everything', 'one') })
  const { read } = listed(spec, dir, { marks: marksIn(dir, 'everything', 'two') })
  expect(read).toContain(table)
  expect(read).toContain('MANIFEST')
})

test('under a running node only what it has done with is marked, and only where it has rested', () => {
  const dir = scratch()
  const spec = storeIn(dir)
  const marks = marksIn(dir, 'doneWith')
  listed(spec, dir, { marks, running: true })
  expect(listed(spec, dir, { marks, running: true }).read).toContain(table)
  // Eleven seconds on, by the clock that the list reads.
  listed(spec, dir, { marks, running: true }, 11)
  const { read } = listed(spec, dir, { marks, running: true }, 11)
  expect(read).not.toContain(table)
  expect(read).toContain('MANIFEST')
})

test('of the value logs of a database under a running node all are done with but the newest', () => {
  const dir = scratch()
  const spec = storeIn(dir)
  const other = `${spec.home}/data/executor`
  mkdirSync(other)
  const logs = ['data/testapp/000009.vlog', 'data/testapp/000010.vlog', 'data/executor/000002.vlog']
  for (const path of logs) writeFileSync(`${spec.home}/${path}`, 'values')
  const marks = marksIn(dir, 'doneWith')
  listed(spec, dir, { marks, running: true }, 11)
  const again = listed(spec, dir, { marks, running: true }, 11)
  expect(logs.filter((path) => again.read.includes(path))).toEqual(logs.slice(1))
  // A newer one is made: the one that was the newest is done with from there on.
  writeFileSync(`${spec.home}/data/testapp/000011.vlog`, '')
  listed(spec, dir, { marks, running: true }, 11)
  expect(listed(spec, dir, { marks, running: true }, 11).read).not.toContain(logs[1])
})

test('were a mark kept over a change of the file, a peer with other content would count as equal', () => {
  const [dir, peerDir] = [scratch(), scratch()]
  const [source, peer] = [storeIn(dir), storeIn(peerDir)]
  const [here, there] = [marksIn(dir, 'everything'), marksIn(peerDir, 'everything')]
  listed(source, dir, { marks: here })
  listed(peer, peerDir, { marks: there })
  writeFileSync(`${peer.home}/${table}`, 'blockz')
  const differs = () =>
    difference(
      listed(source, dir, { marks: here }).manifest,
      readManifest(locally(manifestOf(storeTree(peer), { marks: there })).stdout),
    ).toCopy
  const lines = () => readFileSync(there.file, 'utf8').trim().split('\n')
  const old = lines()
  expect(differs()).toEqual([table])
  // The guard taken away: the old digest under the key that the file has now.
  const [was] = old.filter((line) => !lines().includes(line))
  const kept = lines().map((line) =>
    old.includes(line) ? line : `${line.split('\t')[0]}\t${was?.split('\t')[1]}`,
  )
  writeFileSync(there.file, `${kept.join('\n')}\n`)
  expect(differs()).toEqual([])
})

test('at twenty times the data the window reads and copies the same: what changed', () => {
  const inWindow = (tables: number) => {
    const [dir, peerDir] = [scratch(), scratch()]
    const [source, peer] = [storeIn(dir), storeIn(peerDir)]
    for (const spec of [source, peer])
      for (let k = 2; k <= tables; k += 1)
        writeFileSync(`${lockDir(spec)}/${String(k).padStart(6, '0')}.sst`, Buffer.alloc(20_000, k))
    const [here, there] = [marksIn(dir, 'everything'), marksIn(peerDir, 'everything')]
    // The seeding verified everything once.
    const seeded = listed(source, dir, { marks: here }).manifest
    listed(peer, peerDir, { marks: there })
    writeFileSync(`${lockDir(source)}/900000.sst`, 'the last blocks')
    writeFileSync(`${lockDir(source)}/MANIFEST`, 'tables: 2')
    const [now, then] = [listed(source, dir, { marks: here }), listed(peer, peerDir, { marks: there })]
    const { toCopy } = difference(now.manifest, then.manifest)
    const bytes = (paths: readonly string[]) =>
      paths.reduce((sum, path) => sum + (now.manifest.get(path)?.dataBytes ?? 0), 0)
    return {
      read: `${now.read}${then.read}`,
      toCopy,
      bytes: bytes(toCopy),
      size: bytes([...seeded.keys()]),
    }
  }
  const [one, twenty] = [inWindow(5), inWindow(100)]
  expect(twenty.size / one.size).toBeGreaterThan(19)
  expect(twenty.toCopy).toEqual(one.toCopy)
  expect(twenty.bytes).toBe(one.bytes)
  expect(twenty.read).toBe(one.read)
})

test('a dry list notes nothing', () => {
  const dir = scratch()
  const spec = storeIn(dir)
  listed(spec, dir, {})
  expect(existsSync(`${dir}/evha`)).toBe(false)
})

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')

test.each([3, 250])(
  'each of %i files stands in the list with its own digest, names with spaces too',
  (count) => {
    const dir = scratch()
    const spec = storeIn(dir)
    const names = Array.from({ length: count }, (_, k) => `one ${k}.vlog`)
    for (const name of names) writeFileSync(`${lockDir(spec)}/${name}`, name)
    const { manifest } = listed(spec, dir, { marks: marksIn(dir, 'everything') })
    expect(manifest.size).toBe(count + 2)
    for (const name of names)
      expect(manifest.get(`data/testapp/${name}`)?.digest).toBe(`full:${sha256(name)}`)
    const again = listed(spec, dir, { marks: marksIn(dir, 'everything') })
    expect(again.manifest).toEqual(manifest)
    expect(again.read).toBe('')
  },
)

test('a file that vanishes while the node runs is left out, and its digest goes to no other', () => {
  const [dir, plainDir] = [scratch(), scratch()]
  const [spec, plain] = [storeIn(dir), storeIn(plainDir)]
  const sparse = (of: NodeSpec, name: string) => {
    writeFileSync(`${lockDir(of)}/${name}`, name)
    truncateSync(`${lockDir(of)}/${name}`, 8 * 1024 * 1024)
  }
  for (const name of ['1.vlog', '2.mem', '3.vlog']) sparse(spec, name)
  for (const name of ['1.vlog', '3.vlog']) sparse(plain, name)
  // The table goes when the first sparse file is read, the second sparse one when it is read itself.
  mkdirSync(`${dir}/bin`)
  writeFileSync(
    `${dir}/bin/tar`,
    `#!/bin/sh\nrm -f ${spec.home}/${table}\ncase $* in *2.mem) rm -f ${lockDir(spec)}/2.mem ;; esac\nexec /bin/tar "$@"\n`,
    { mode: 0o755 },
  )
  const command = manifestOf(storeTree(spec), { running: true })
  const argv: Command['argv'] = ['env', `PATH=${dir}/bin:${process.env['PATH']}`, ...command.argv]
  const manifest = readManifest(locally({ ...command, argv }).stdout)
  const left = readManifest(locally(manifestOf(storeTree(plain), {})).stdout)
  expect([...manifest.keys()]).toEqual([...left.keys()].filter((path) => path !== table))
  for (const [path, { digest }] of manifest) expect(digest, path).toBe(left.get(path)?.digest)
})
