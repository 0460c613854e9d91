import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { render } from '../../../src/remote/render.ts'
import { lookAtRestCommand, type Rest } from '../../../src/steps/client-copy/rest.ts'
import {
  lookAtPlaceCommand,
  placeFindings,
  restFindings,
} from '../../../src/steps/prepare/client-copy-findings.ts'
import type { Host } from '../../../src/steps/step.ts'
import { locally, nodeIn, scratch } from '../host/locally.ts'

const peer = { spec: { ...nodeIn('/d'), name: 'node-2' } } as Host
const client = { dataDir: '/el', unit: 'el.service' }
const atRest: Rest = { isThere: true, bytes: 1_000, seen: 'ab', openIn: '', link: '' }
const place = { load: 'loaded', freeBytes: 5_000, apart: '' }

test.each<[string, Partial<Rest>, RegExp | null]>([
  ['nothing', {}, null],
  ['a directory that is not there', { isThere: false, seen: '' }, /^there is no directory \/snap,/],
  ['an empty one', { bytes: 0 }, /holds no data$/],
  ['one that is open', { openIn: '77 reth' }, /is open in the process 77 reth: .* torn$/],
  ['a link in it', { link: './db' }, /holds the link db: what it leads to would be missing/],
])('of what is copied: %s', (_, seen, what) => {
  const found = restFindings(peer, '/snap', { ...atRest, ...seen })
  expect(found.map((one) => one.level)).toEqual(what === null ? [] : ['blocks'])
  if (what !== null) expect(found[0]?.what).toMatch(what)
})

test.each<[string, Partial<typeof place>, RegExp | null]>([
  ['nothing', {}, null],
  ['a unit that is none', { load: 'not-found' }, /^there is no unit el\.service/],
  ['too little room', { freeBytes: 1_099 }, /^1099 bytes are free at \/el, .* needs 1100$/],
  ['a mount below it', { apart: 'db' }, /^\/el\/db is a link or a mount of its own$/],
])('of where it goes: %s', (_, seen, what) => {
  const found = placeFindings({ peer, client }, { ...place, ...seen }, 1_000)
  expect(found.map((one) => one.level)).toEqual(what === null ? [] : ['blocks'])
  if (what !== null) expect(found[0]?.what).toMatch(what)
})

test("a link is seen where data is copied from and where it goes to; evha's own directory is none of it", () => {
  const dir = scratch()
  mkdirSync(join(dir, 'el', '.evha'), { recursive: true })
  writeFileSync(join(dir, 'el', 'data'), 'x')
  symlinkSync('/etc', join(dir, 'el', '.evha', 'link'))
  writeFileSync(join(dir, 'systemctl'), '#!/bin/sh\necho LoadState=loaded\n')
  chmodSync(join(dir, 'systemctl'), 0o755)
  const one = { peer, client: { ...client, dataDir: join(dir, 'el') } }
  const look = () =>
    spawnSync('dash', ['-c', `PATH=${dir}:$PATH\n${render(lookAtPlaceCommand(one))}`], { encoding: 'utf8' })
      .stdout
  expect(look()).toMatch(/^load loaded\nfree \d+\n$/)
  symlinkSync('/etc', join(dir, 'el', 'db'))
  expect(look()).toMatch(/apart db\n$/)
  expect(locally(lookAtRestCommand(join(dir, 'el'))).stdout).toMatch(/^link \.\/(db|\.evha\/link)$/m)
  expect(locally(lookAtRestCommand(join(dir, 'nowhere')))).toMatchObject({ code: 0, stdout: '' })
})
