import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { labFiles } from '../../src/lab/layout.ts'
import type { CheckReport } from '../../src/run/api.ts'
import type { DoneFix } from '../../src/run/fix.ts'
import { documented } from '../documented.ts'
import { onTerminal } from '../on-terminal.ts'
import { type Lab, labForAll, worldOf } from './lab.ts'

let lab: Lab
let down: () => Promise<void>
beforeAll(async () => {
  ;[lab, down] = await labForAll(5, '--rtt', '10')
}, 120_000)
afterAll(() => down())

test('a check changes nothing on any host, whether it finds something or not', async () => {
  const before = worldOf(lab)
  expect([...before.keys()].some((path) => path.endsWith('/config/signer.json'))).toBe(true)
  const clean = await lab.evha('check', lab.runbook)
  expect(clean.code, clean.stdout).toBe(0)
  expect(worldOf(lab)).toEqual(before)
  const listed = await lab.evha('check', lab.runbook, '--fix')
  expect(listed.code).toBe(0)
  expect(worldOf(lab)).toEqual(before)
  // That the comparison sees what it is to see:
  const file = join(lab.root, 'node-2', 'tmp', 'came-and-went')
  writeFileSync(file, '')
  rmSync(file)
  expect(worldOf(lab)).not.toEqual(before)
})

test('all findings come at once: of hosts that are there, beside one that is not and a sequencer that says nothing', async () => {
  const store = join(lab.root, 'node-2', 'var/lib/ev-node/data/testapp')
  mkdirSync(store, { recursive: true })
  const runbook = join(lab.stateDir, 'sick.yaml')
  const text = readFileSync(lab.runbook, 'utf8')
  writeFileSync(
    runbook,
    text.replace(/(host: 127\.0\.0\.13\n\s+port: )\d+/, '$19').replace(/(rpc: 127\.0\.0\.11:)\d+/, '$19'),
  )
  const ended = await lab.evha('check', runbook, '--json')
  expect(ended.code).toBe(3)
  const { findings, ok } = JSON.parse(ended.stdout) as CheckReport
  expect(ok).toBe(false)
  const found = findings.map(({ host, what }) => `${host}: ${what}`).join('\n')
  expect(found).toMatch(/^node-3: .*cannot be reached/m)
  expect(found).toMatch(/^node-1: the node does not answer RPC/m)
  expect(found).toMatch(/^node-2: there is data below/m)
  for (const finding of findings) expect(finding.evidence, finding.what).not.toBe('')
  rmSync(join(lab.root, 'node-2', 'var/lib/ev-node/data'), { recursive: true })
})

test('a key with a passphrase is asked for at the terminal, is not shown and lies nowhere; off one it is refused', async () => {
  const phrase = 'the phrase of a key'
  const key = join(labFiles(lab.stateDir).ssh, 'operator_key')
  const locked = join(lab.stateDir, 'locked_key')
  copyFileSync(key, locked)
  chmodSync(locked, 0o600)
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', phrase, '-f', locked])
  const runbook = join(lab.stateDir, 'locked.yaml')
  writeFileSync(runbook, readFileSync(lab.runbook, 'utf8').replaceAll(key, locked))

  const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
  const check = onTerminal([process.execPath, main, 'check', runbook, '--state-dir', lab.stateDir], 60_000)
  await check.shows('passphrase of')
  check.type('a slip of the finger\r')
  await check.shows('that is not its passphrase')
  await check.shows('passphrase of')
  check.type(`${phrase}\r`)
  // Five hosts, one answer.
  expect(await check.ended(), check.screen()).toBe(0)
  expect(check.screen()).not.toContain(phrase)
  const kept = spawnSync('grep', ['-rlF', phrase, lab.stateDir, lab.root], { encoding: 'utf8' })
  expect([kept.status, kept.stdout]).toEqual([1, ''])

  const refused = await lab.evha('check', runbook)
  expect(refused.code).toBe(3)
  expect(refused.stdout).toContain(`ssh-add ${locked}`)
})

test('--fix lists what it would do, does it only with consent, and says how to take it back', async () => {
  const passphrase = join(lab.root, 'node-4', 'etc/ev-node/passphrase')
  const mode = () => (statSync(passphrase).mode & 0o777).toString(8)
  chmodSync(passphrase, 0o644)
  await lab.on('node-1', 'systemctl disable ev-node.service')
  const before = worldOf(lab)

  const told = await lab.evha('check', lab.runbook)
  expect(told.code).toBe(0)
  expect(told.stderr).toContain('--fix')
  const listed = await lab.evha('check', lab.runbook, '--fix')
  expect(listed.code).toBe(4)
  expect(listed.stderr).toContain(`chmod 600 ${passphrase}`)
  expect(listed.stderr).toContain(`back with: chmod 644 ${passphrase}`)
  expect(listed.stderr).toContain('systemctl enable ev-node.service')
  expect(listed.stderr).toContain('--fix --yes')
  expect(worldOf(lab)).toEqual(before)

  const cured = await lab.evha('check', lab.runbook, '--fix', '--yes', '--json')
  expect(cured.code, cured.stderr).toBe(0)
  const report = JSON.parse(cured.stdout) as CheckReport & { done: readonly DoneFix[] }
  expect(report.done.map(({ host, failed }) => [host, failed])).toEqual([
    ['node-1', null],
    ['node-4', null],
  ])
  expect(report.findings).toEqual([])
  expect(mode()).toBe('600')
  expect((await lab.on('node-1', 'systemctl is-active ev-node.service')).stdout).toBe('active\n')
})

test('every command of docs/check.md is one that evha understands, and does what the page says', async () => {
  const commands = documented('check.md')
  expect(commands.length).toBeGreaterThan(2)
  for (const words of commands) {
    const ended = await lab.evha(...words.map((word) => (word === 'RUNBOOK' ? lab.runbook : word)))
    // No unit has to be written here, and that is said.
    expect(ended.code, `${words.join(' ')}: ${ended.stderr}`).toBe(words.includes('--unit-file') ? 2 : 0)
  }
})
