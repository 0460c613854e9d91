import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Report } from '../../src/run/api.ts'
import { realClient } from '../go-ethereum/as-ev-reth.ts'
import { whileFlowing } from '../go-ethereum/traffic.ts'
import { confirm, type Lab, pause, withLab } from './lab.ts'

const isNightly = process.env['EVHA_TEST_TIER'] === 'nightly'
const clientUnit = 'ev-reth.service'
/** Below a client's directory. */
const [identity, database] = realClient ? ['geth/nodekey', 'geth/chaindata'] : ['discovery-secret', 'db']
const identityOf = (lab: Lab, name: string) =>
  readFileSync(join(lab.root, name, 'var/lib/ev-reth', identity), 'utf8')
const processOf = async (lab: Lab, name: string) =>
  (await lab.on(name, `systemctl show ${clientUnit} --property=InvocationID,MainPID`)).stdout

/** More than a member may have to replay: a client without them is worth a copy. */
const worthCopying = 25

async function ask(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body })
  return ((await response.json()) as { result: unknown }).result
}

const headOf = async (url: string) => Number(await ask(url, 'eth_blockNumber'))

async function hashAt(url: string, height: number): Promise<string> {
  const block = await ask(url, 'eth_getBlockByNumber', `0x${height.toString(16)}`, false)
  return (block as { hash: string }).hash
}

/** As an operator makes a copy at rest where the disk knows no snapshots: both are stopped for it. Returns where it lies. */
async function copyAtRest(lab: Lab): Promise<string> {
  const [source] = lab.hosts
  const { name = '', execution } = source ?? {}
  while ((await headOf(execution?.ethUrl ?? '')) < worthCopying) await pause(200)
  const to = join(lab.root, name, 'srv', 'client-at-rest')
  const made = await lab.on(
    name,
    `set -e
systemctl stop ev-node.service
systemctl stop ${clientUnit}
mkdir -p srv
cp -a ${execution?.dataDir} ${to}
systemctl start ${clientUnit}
systemctl start ev-node.service`,
  )
  expect(made.code, made.stderr).toBe(0)
  return to
}

function wantCopy(lab: Lab, copyFrom: string): void {
  let text = readFileSync(lab.runbook, 'utf8')
  for (const { execution } of lab.hosts) {
    const line = `jwtSecretFile: ${JSON.stringify(execution?.jwtSecretFile)}\n`
    text = text.replace(line, `${line}      dataDir: ${execution?.dataDir}\n`)
  }
  const all = `execution:\n  warmUp: copy\n  unit: ${clientUnit}\n  copyFrom: ${copyFrom}\n`
  writeFileSync(lab.runbook, `${text}${all}`)
}

/** A host on which a copy can not be put in place; returns what takes that away again. */
function withoutRenames(lab: Lab, name: string): () => void {
  const shim = join(lab.root, name, 'bin', 'mv')
  writeFileSync(
    shim,
    '#!/bin/sh\ncase "$*" in *.evha/tree/*) echo broken off >&2; exit 9 ;; esac\nexec /bin/mv "$@"\n',
    { mode: 0o755 },
  )
  return () => rmSync(shim)
}

test('clients get a copy of data at rest, broken off or not, under their own identity; then the cluster goes on with them, and the client of the sequencer was not touched', () =>
  withLab(
    isNightly ? 5 : 3,
    async (lab) => {
      const names = lab.hosts.map(({ name }) => name)
      const from = await copyAtRest(lab)
      // A database that is written to is refused before anything is changed.
      wantCopy(lab, `${lab.root}/node-1/var/lib/ev-reth/${database}`)
      const refused = await lab.evha('check', lab.runbook)
      expect(refused.code).toBe(3)
      expect(refused.stdout).toMatch(/ev-reth\/\S+ is open in the process \d+ [\s\S]*torn/)
      const runbook = readFileSync(lab.runbook, 'utf8')
      writeFileSync(lab.runbook, runbook.replace(/copyFrom: .*/, `copyFrom: ${from}`))
      const identities = names.map((name) => identityOf(lab, name))
      const sourceClient = await processOf(lab, 'node-1')

      const planned = await lab.evha('plan', lab.runbook)
      expect(planned.code, planned.stderr).toBe(0)
      expect(planned.stdout).toContain(`copy the execution client's data from ${from} on node-1, which must`)
      expect(planned.stdout).toContain(`stop ${clientUnit}, put the copy in place`)

      const told = await brokenOffOnce(lab)
      for (const name of names.slice(1)) {
        const seen = new RegExp(`${name}: its execution client stands on the copied data, at block (\\d+)`)
        expect(Number(seen.exec(told)?.[1]), `${name}: ${told}`).toBeGreaterThanOrEqual(worthCopying)
      }
      await migratesOnTheCopies(lab)
      isPutInPlace(lab)
      expect(names.map((name) => identityOf(lab, name))).toEqual(identities)
      expect(new Set(identities).size).toBe(names.length)
      expect(await processOf(lab, 'node-1')).toBe(sourceClient)
    },
    '--evm',
  ))

/** Up to the cutover gate, where the first try breaks off in the middle of an exchange. Returns what was told. */
async function brokenOffOnce(lab: Lab): Promise<string> {
  const mended = withoutRenames(lab, 'node-2')
  const broken = await lab.evha('migrate', lab.runbook)
  expect(broken.stderr).toMatch(/node-2: putting the copy in place ended with exit 9: broken off/)
  // Half of two databases: it can not be started before somebody went on.
  expect((await lab.on('node-2', `systemctl start ${clientUnit}`)).code).not.toBe(0)
  mended()
  const waits = await lab.evha('resume')
  expect(waits.code, waits.stderr).toBe(4)
  return `${broken.stdout}${broken.stderr}${waits.stdout}${waits.stderr}`
}

/** Through the window and to the end, transfers flowing: every node votes, and every client has the same last old and first new block. */
async function migratesOnTheCopies(lab: Lab): Promise<void> {
  const urls = lab.hosts.flatMap(({ execution }) => execution?.ethUrl ?? [])
  const traffic = { urls, chainId: lab.evm?.chainId ?? 0, everyMs: 700 }
  const { did, transfers } = await whileFlowing(traffic, () =>
    lab.evha('resume', '--json', ...confirm(lab, 'cutover', 'commit', 'finish')),
  )
  expect(did.code, did.stderr).toBe(0)
  expect(await transfers).toMatchObject({ missing: [], twice: [] })
  const report = JSON.parse(did.stdout) as Report
  const { lastOldHeight, firstClusterHeight, clients = [] } = report
  const last = lastOldHeight ?? Number.NaN
  expect(report).toMatchObject({ outcome: 'migrated', nodesVoting: lab.hosts.length, hashContinuity: true })
  expect(report.forks).toEqual([])
  expect(firstClusterHeight).toBe(last + 1)
  const stands = clients.map(({ node, why }) => [node, why]).sort()
  expect(stands).toEqual(lab.hosts.map(({ name }) => [name, null]))
  for (const height of [last, last + 1]) {
    const hashes = await Promise.all(urls.map((url) => hashAt(url, height)))
    expect(hashes[0]).toMatch(/^0x[0-9a-f]{64}$/)
    expect(new Set(hashes).size, `block ${height}: ${hashes.join(' ')}`).toBe(1)
  }
  expect(lab.signedTwice()).toEqual([])
}

function isPutInPlace(lab: Lab): void {
  for (const { name } of lab.hosts.slice(1))
    for (const path of ['var/lib/ev-reth/.evha', `etc/systemd/system/${clientUnit}.d`])
      expect(existsSync(`${lab.root}/${name}/${path}`), `${name}: ${path}`).toBe(false)
}

test.runIf(isNightly)(
  'an abort in the middle of an exchange puts the copy in place whole, and each client runs on its own identity',
  () =>
    withLab(
      3,
      async (lab) => {
        wantCopy(lab, await copyAtRest(lab))
        const names = lab.hosts.map(({ name }) => name)
        const identities = names.map((name) => identityOf(lab, name))
        const sourceClient = await processOf(lab, 'node-1')
        const mended = withoutRenames(lab, 'node-2')
        const broken = await lab.evha('migrate', lab.runbook)
        expect(broken.stderr).toMatch(/node-2: putting the copy in place ended with exit 9: broken off/)
        mended()
        const gone = await lab.evha('abort', ...confirm(lab))
        expect(gone.code, gone.stderr).toBe(5)
        for (const { name, execution } of lab.hosts.slice(1)) {
          expect((await lab.on(name, `systemctl is-active ${clientUnit}`)).code, name).toBe(0)
          expect(await headOf(execution?.ethUrl ?? ''), name).toBeGreaterThanOrEqual(worthCopying)
        }
        expect(names.map((name) => identityOf(lab, name))).toEqual(identities)
        expect(await processOf(lab, 'node-1')).toBe(sourceClient)
      },
      '--evm',
    ),
)
