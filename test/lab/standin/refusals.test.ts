import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../../evnode/fixture.ts'
import { said } from './said.ts'
import { lastLine, placeFor, type Scratch, singleFlags, withScratch } from './stand.ts'

async function refused(scratch: Scratch, home: string, flags: readonly string[]): Promise<string> {
  const node = scratch.start(home, flags)
  expect(await node.ended()).toBe(1)
  expect(node.stderr).toContain('\nUsage:\n  testapp start [flags]\n')
  expect(node.stderr).toContain(`Error: ${node.last}\n`)
  return node.last
}

test('what a wrong command line or home is answered with', () =>
  withScratch(async (scratch) => {
    const home = await scratch.newHome('node')
    const flags = singleFlags(await placeFor(home, 'node'))
    const passphrase = (file: string) => [...flags, '--evnode.signer.passphrase_file', file]
    const file = (name: string, text: string) => {
      writeFileSync(join(scratch.dir, name), text)
      return join(scratch.dir, name)
    }
    expect(await refused(scratch, home, [...flags, '--evnode.signer.passphrase', 'x'])).toBe(
      said('--evnode.signer.passphrase'),
    )
    expect(await refused(scratch, home, [...flags, '--evm.jwt-secret', 'x'])).toBe(said('--evm.jwt-secret'))
    expect(await refused(scratch, home, passphrase(file('wrong', 'another')))).toBe(said('wrong passphrase'))
    const empty = file('empty', ' \n')
    expect(await refused(scratch, home, passphrase(empty))).toBe(
      said('empty passphrase file').replaceAll('/etc/ev-node/passphrase', empty),
    )
    const missing = join(scratch.dir, 'missing')
    expect(await refused(scratch, home, passphrase(missing))).toBe(
      said('missing passphrase file').replaceAll('/etc/ev-node/passphrase', missing),
    )
    const signer = join(home, 'config', 'signer.json')
    writeFileSync(signer, fixture('homes/node-1/signer.json'))
    expect(await refused(scratch, home, flags)).toContain('this is a stand-in and can not open it')
    rmSync(signer)
    expect(await refused(scratch, home, flags)).toBe(
      said('missing signer.json').replaceAll('/var/lib/ev-node/home/config/signer.json', signer),
    )
  }))

test('a home without genesis does not start, and neither does a signer the chain does not expect', () =>
  withScratch(async (scratch) => {
    const home = await scratch.newHome('node')
    const flags = singleFlags(await placeFor(home, 'node'))
    const other = await scratch.newHome('other')
    const genesis = join(home, 'config', 'genesis.json')
    execFileSync('cp', [join(other, 'config', 'genesis.json'), genesis])
    expect(await refused(scratch, home, flags)).toBe(
      'components started with error: failed to start executor: failed to initialize state: not a proposer',
    )
    rmSync(genesis)
    expect(await refused(scratch, home, flags)).toBe(
      said('missing genesis.json').replaceAll('/var/lib/ev-node/home/config/genesis.json', genesis),
    )
  }))

test('flags stand before the file, in both spellings and under the old prefix', () =>
  withScratch(async (scratch) => {
    const home = await scratch.newHome('node')
    const yaml = join(home, 'config', 'evnode.yaml')
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/address: http:\S+/, 'address: ""'))
    const place = await placeFor(home, 'node')
    const node = scratch.start(home, [
      ...singleFlags(place),
      '--rollkit.da.address=http://127.0.0.1:9',
      '--rollkit.node.block_time',
      '50ms',
    ])
    expect((await node.until('produced')).height).toBe(1)
  }))

test('net-info of a node that does not run', () =>
  withScratch(async (scratch) => {
    const { code, stderr } = await scratch.run('net-info', '--evnode.rpc.address', '127.0.0.1:1')
    expect(code).toBe(1)
    expect(lastLine(stderr)).toBe(said('net-info, node not running').replace('127.0.0.1:7331', '127.0.0.1:1'))
  }))
