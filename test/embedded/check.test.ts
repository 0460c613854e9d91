import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { nodeRpc } from '../../src/evnode/rpc.ts'
import { labFiles } from '../../src/lab/layout.ts'
import type { CheckReport } from '../../src/run/api.ts'
import type { DoneFix } from '../../src/run/fix.ts'
import { documented } from '../documented.ts'
import { type ExecutionClientOptions, startExecutionClient } from '../execution-client.ts'
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

test.runIf(process.env['EVHA_TEST_TIER'] === 'nightly')(
  'five hosts and their twenty links, 10 ms away, are looked at within 15 s, three times in a row',
  async () => {
    for (const time of [1, 2, 3]) {
      const startedMs = performance.now()
      const { code, stderr } = await lab.evha('check', lab.runbook)
      expect(code, stderr).toBe(0)
      expect(performance.now() - startedMs, `check ${time}`).toBeLessThan(15_000)
    }
  },
)

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

test('an EVM chain: the clients of all hosts are asked, what is wrong with one is told, and the secret nowhere', async () => {
  const secret = 'ec'.repeat(32)
  const [host = '', port = ''] = lab.hosts[0]?.rpc.split(':') ?? []
  const rpc = nodeRpc(async () => connect(Number(port), host), { timeoutMs: 5_000 })
  const appHash = async (height: number) => {
    const block = await rpc.block(height)
    return block.kind === 'ok'
      ? `0x${Buffer.from(block.value.header.appHash, 'base64').toString('hex')}`
      : '0x'
  }
  const head = async () => {
    const state = await rpc.state()
    return state.kind === 'ok' ? state.value.lastBlockHeight : 0
  }
  const clientOf = async (wrong: Partial<ExecutionClientOptions> = {}) => {
    const running = await startExecutionClient({
      secret,
      head,
      stateRoot: (number) => appHash(number + 1),
      ...wrong,
    })
    onTestFinished(() => running.close())
    return running
  }
  const right = await Promise.all(lab.hosts.map(() => clientOf()))
  const jwt = (name: string) => join(lab.root, name, 'etc/ev-node/jwt')
  for (const { name } of lab.hosts) writeFileSync(jwt(name), `0x${secret}\n`, { mode: 0o600 })
  const runbook = join(lab.stateDir, 'evm.yaml')
  const written = (clients: readonly { ethUrl: string; engineUrl: string }[]) => {
    let k = 0
    const text = readFileSync(lab.runbook, 'utf8').replace(/^ {2}- name: (\S+)$/gm, (line, name) => {
      const { ethUrl = '', engineUrl = '' } = clients[k++] ?? {}
      return `${line}\n    execution: { ethUrl: "${ethUrl}", engineUrl: "${engineUrl}", jwtSecretFile: ${jwt(name)} }`
    })
    expect(k).toBe(5)
    writeFileSync(runbook, text)
  }
  const unitDir = join(lab.root, 'node-1', 'etc/systemd/system')
  const unit = readFileSync(join(unitDir, 'ev-node.service'), 'utf8')
  const start = /^ExecStart=(?:.*\\\n)*.*$/m.exec(unit)?.[0] ?? ''
  expect(start).toMatch(/ start /)
  const dropIn = join(unitDir, 'ev-node.service.d')
  const asEvm = async (flags: string) => {
    mkdirSync(dropIn, { recursive: true })
    writeFileSync(join(dropIn, 'evm.conf'), `[Service]\nExecStart=\n${start} ${flags}\n`)
    await lab.on('node-1', 'systemctl daemon-reload')
  }
  const told = async (code: 0 | 3) => {
    const ended = await lab.evha('check', runbook, '--json')
    expect(ended.code, ended.stderr).toBe(code)
    expect(`${ended.stdout}${ended.stderr}`).not.toContain(secret)
    const { findings } = JSON.parse(ended.stdout) as CheckReport
    return findings
      .filter(({ what }) => !what.includes('another command line'))
      .map(({ host, level, what }) => `${host} ${level}: ${what}`)
  }

  written(right)
  await asEvm(`--evm.jwt-secret-file=${jwt('node-1')} --evm.genesis-hash ${right[0]?.genesisHash}`)
  const clean = await told(0)
  expect(clean).toEqual([
    expect.stringMatching(/^node-1 notes: where the execution clients keep their data is not said/),
  ])

  const other = await clientOf({ genesis: 'another', head: () => 0 })
  const empty = await clientOf({ stateRoot: () => '0x00' })
  writeFileSync(jwt('node-4'), 'ed'.repeat(32))
  written([right[0], other, empty, right[3], right[0]].map((client) => client ?? other))
  await asEvm('--evm.jwt-secret 00')
  const spoilt = await told(3)
  for (const sentence of [
    /^node-1 blocks: its command line has --evm\.jwt-secret, which the node no longer knows$/m,
    /^node-2 blocks: its execution client has another genesis \(0x[0-9a-f]{64}\) than that of node-1$/m,
    /^node-3 blocks: its execution client has another state after block \d+ than the chain$/m,
    /^node-4 blocks: its execution client does not accept the secret in \S+\/jwt$/m,
  ])
    expect(spoilt.join('\n')).toMatch(sentence)
  for (const name of readdirSync(lab.stateDir, { recursive: true, encoding: 'utf8' })) {
    const path = join(lab.stateDir, name)
    if (name.startsWith('lab') || !statSync(path).isFile()) continue
    expect(readFileSync(path, 'utf8').includes(secret), name).toBe(false)
  }

  rmSync(dropIn, { recursive: true })
  for (const { name } of lab.hosts) rmSync(jwt(name))
  await lab.on('node-1', 'systemctl daemon-reload')
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
