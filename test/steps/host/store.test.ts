import { spawn } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { expect, test } from 'vitest'
import { changes } from '../../../src/base/command.ts'
import { render } from '../../../src/remote/render.ts'
import type { NodeSpec } from '../../../src/runbook/load.ts'
import { difference, manifestOf, readManifest } from '../../../src/steps/host/manifest.ts'
import {
  dropFromStore,
  guardArgv,
  packStore,
  storeIsFree,
  storeIsLocked,
  unpackStore,
} from '../../../src/steps/host/store.ts'
import { lockDir, storeTree } from '../../../src/steps/host/tree.ts'
import { locally, nodeIn, scratch } from './locally.ts'

const manifest = (spec: NodeSpec, dug = false) =>
  readManifest(locally(manifestOf(storeTree(spec), { dug })).stdout)

/** A store with a small file, an empty one, one with a space in its name, and 2 GiB of hole with data in two places. */
function storeIn(dir: string): NodeSpec {
  const spec = nodeIn(dir)
  mkdirSync(lockDir(spec), { recursive: true })
  writeFileSync(`${lockDir(spec)}/000001.sst`, 'blocks')
  writeFileSync(`${lockDir(spec)}/empty`, '')
  writeFileSync(`${lockDir(spec)}/a name`, 'x')
  writeFileSync(`${lockDir(spec)}/LOCK`, '4711')
  sparse(`${lockDir(spec)}/000001.vlog`, 'data')
  return spec
}

function sparse(path: string, text: string): void {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, 2_147_483_646)
  writeSync(fd, Buffer.from(text), 0, text.length, 0)
  writeSync(fd, Buffer.from(text), 0, text.length, 1_000_000_000)
  closeSync(fd)
}

async function copy(from: NodeSpec, to: NodeSpec, paths: readonly string[]): Promise<number | null> {
  const pack = packStore(storeTree(from), paths, true, 1_000)
  const unpack = unpackStore(storeTree(to), { owner: '', listing: {}, timeoutMs: 1_000 })
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', `set -o pipefail; ${render(pack)} | ${render(unpack)}`], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    child.stdin.end(pack.stdin as string)
    child.on('close', resolve)
  })
}

test('a copy of what the manifests say differs has an equal manifest, holes stay holes, LOCK is not copied', async () => {
  const from = storeIn(scratch())
  const to = nodeIn(scratch())
  mkdirSync(to.home, { recursive: true })
  const { toCopy, toRemove } = difference(manifest(from), manifest(to))
  expect([...toCopy].sort()).toEqual([
    'data/testapp/000001.sst',
    'data/testapp/000001.vlog',
    'data/testapp/a name',
    'data/testapp/empty',
  ])
  expect(toRemove).toEqual([])
  expect(await copy(from, to, toCopy)).toBe(0)
  expect(difference(manifest(from), manifest(to))).toEqual({ toCopy: [], toRemove: [] })
  const seen = statSync(`${lockDir(to)}/000001.vlog`)
  expect(seen.size).toBe(2_147_483_646)
  expect(seen.blocks * 512).toBeLessThan(1_000_000)
})

test.each<[string, (dir: string) => void]>([
  ['a byte in a small file', (dir) => writeFileSync(`${dir}/000001.sst`, 'blockz')],
  ['data in the hole', (dir) => sparse(`${dir}/000001.vlog`, 'date')],
  ['a file too many', (dir) => writeFileSync(`${dir}/000002.sst`, 'more')],
])('%s is a difference', (_what, spoil) => {
  const one = storeIn(scratch())
  const other = storeIn(scratch())
  expect(difference(manifest(one), manifest(other))).toEqual({ toCopy: [], toRemove: [] })
  spoil(lockDir(other))
  const found = difference(manifest(one), manifest(other))
  expect(found.toCopy.length + found.toRemove.length).toBe(1)
})

test('equal content laid out in other holes is equal once the holes are dug', () => {
  const one = storeIn(scratch())
  const other = storeIn(scratch())
  const fd = openSync(`${lockDir(other)}/000001.vlog`, 'r+')
  writeSync(fd, Buffer.alloc(8192), 0, 8192, 500_000_000)
  closeSync(fd)
  expect(difference(manifest(one), manifest(other)).toCopy).toEqual(['data/testapp/000001.vlog'])
  manifest(one, true)
  expect(difference(manifest(one, true), manifest(other, true)).toCopy).toEqual([])
})

test('files the source does not have are removed', () => {
  const spec = storeIn(scratch())
  expect(locally(dropFromStore(storeTree(spec), ['data/testapp/a name', 'data/testapp/gone'])).code).toBe(0)
  expect([...manifest(spec).keys()]).not.toContain('data/testapp/a name')
})

test('while the guard holds the lock nobody writes, and after it anybody may', async () => {
  const spec = storeIn(scratch())
  const before = readFileSync(`${lockDir(spec)}/000001.sst`, 'utf8')
  expect(locally(storeIsFree(spec)).code).toBe(0)
  const guard = spawn('setsid', [...guardArgv(spec)], { stdio: 'ignore' })
  // Whoever tries the lock has it for a moment, and would keep the guard out: what it runs tells that it holds it.
  const child = `/proc/${guard.pid}/task/${guard.pid}/children`
  while (readFileSync(child, 'utf8') === '') await new Promise((wake) => setTimeout(wake, 20))
  expect(locally(storeIsFree(spec)).code).not.toBe(0)
  expect(locally(unpackStore(storeTree(spec), { owner: '', listing: {}, timeoutMs: 1_000 })).code).toBe(
    storeIsLocked,
  )
  expect(locally(dropFromStore(storeTree(spec), ['data/testapp/000001.sst'])).code).toBe(storeIsLocked)
  expect(readFileSync(`${lockDir(spec)}/000001.sst`, 'utf8')).toBe(before)
  process.kill(-(guard.pid ?? 0), 'SIGKILL')
  while (locally(storeIsFree(spec)).code !== 0) await new Promise((wake) => setTimeout(wake, 20))
  expect(locally(changes('test', ['true'])).code).toBe(0)
})
