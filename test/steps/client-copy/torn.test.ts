// A real stand-in client, its real files, and the commands by which evha copies them.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { growingTree, restingTree } from '../../../src/steps/client-copy/place.ts'
import { lookAtRestCommand, type Rest, whyNotCopied } from '../../../src/steps/client-copy/rest.ts'
import { labelledLines } from '../../../src/steps/host/labelled-lines.ts'
import { difference, manifestOf, readManifest } from '../../../src/steps/host/manifest.ts'
import { packStore, unpackStore } from '../../../src/steps/host/store.ts'
import type { Tree } from '../../../src/steps/host/tree.ts'
import { ClientProcess } from '../../lab/execution/client.ts'
import { makeBlock } from '../../lab/execution/make-block.ts'
import { locally, scratch } from '../host/locally.ts'

/** A client at block 2, and one of another host that was never led anywhere and is stopped. */
async function twoClients() {
  const dir = scratch()
  const source = await ClientProcess.started(join(dir, 'source'))
  onTestFinished(() => source.kill())
  for (const timestamp of [1, 2]) await makeBlock(source, { timestamp })
  const peer = await ClientProcess.started(join(dir, 'peer'))
  onTestFinished(() => peer.kill())
  await peer.kill()
  return { source, peer, from: join(dir, 'source', 'data'), to: join(dir, 'peer', 'data') }
}

const listOf = (tree: Tree) => readManifest(locally(manifestOf(tree, {})).stdout)

function copied(from: Tree, to: Tree, paths: readonly string[]): void {
  mkdirSync(to.root, { recursive: true })
  const stream = locally({ ...packStore(from, paths, true, 60_000), stdin: paths.join('\0') })
  expect(stream.code, stream.stderr).toBe(0)
  const written = locally({
    ...unpackStore(to, { owner: '', listing: {}, timeoutMs: 60_000 }),
    stdin: stream.stdout,
  })
  expect(written.code, written.stderr).toBe(0)
}

function lookedAt(dir: string): Rest {
  const value = labelledLines(locally(lookAtRestCommand(dir)).stdout)
  return {
    isThere: value('seen') !== '',
    bytes: Number(value('bytes')),
    seen: value('seen'),
    openIn: value('open'),
    link: value('link'),
  }
}

/** The client of the peer on the files that were copied there, in the place of its own. */
async function startedOn(peer: ClientProcess, copy: Tree, to: string): Promise<void> {
  rmSync(join(to, 'db'), { recursive: true })
  locally({ says: '', mutates: true, timeoutMs: 1, argv: ['mv', join(copy.root, 'db'), join(to, 'db')] })
  await peer.start()
}

test('harm: files that were copied one after the other while the client ran are a torn database; such a copy is refused', async () => {
  const { source, peer, from, to } = await twoClients()
  const [tree, copy] = [restingTree(from), growingTree({ dataDir: to, unit: '' })]
  // The guard: nobody copies this.
  const before = lookedAt(from)
  expect(whyNotCopied(from, before)).toMatch(
    /is open in the process \d+ \S+: a copy of a database under a running client is torn$/,
  )
  // Without it: a copy takes longer than a block.
  copied(tree, copy, ['./db/blocks.jsonl'])
  await makeBlock(source, { timestamp: 3 })
  copied(tree, copy, ['./db/forkchoice.json'])
  await expect(startedOn(peer, copy, to)).rejects.toThrow(/the database is corrupt: its head 0x/)
  // Nor would the second look have let it pass.
  expect(lookedAt(from).seen).not.toBe(before.seen)
})

test('a client on a copy that was made at rest stands where the other one stood, under its own identity', async () => {
  const { source, peer, from, to } = await twoClients()
  const head = await source.hashAt(2)
  await source.kill('SIGTERM')
  const [tree, copy] = [restingTree(from), growingTree({ dataDir: to, unit: '' })]
  const before = lookedAt(from)
  expect(whyNotCopied(from, before)).toBe('')
  const here = listOf(tree)
  expect([...here.keys()]).toEqual(['./db/blocks.jsonl', './db/forkchoice.json'])
  copied(tree, copy, [...here.keys()])
  expect(difference(here, listOf(copy))).toEqual({ toCopy: [], toRemove: [] })
  expect(lookedAt(from).seen).toBe(before.seen)
  const secret = readFileSync(join(to, 'discovery-secret'), 'utf8')
  await startedOn(peer, copy, to)
  expect(await peer.height()).toBe(2)
  expect(await peer.hashAt(2)).toBe(head)
  expect(readFileSync(join(to, 'discovery-secret'), 'utf8')).toBe(secret)
  expect(readFileSync(join(from, 'discovery-secret'), 'utf8')).not.toBe(secret)
})
