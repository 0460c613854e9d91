// Each slip of the hand gives one clear sentence with its cure and the right exit code, and changes nothing on any host.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readJournal } from '../../src/journal/read-journal.ts'
import { findRun } from '../../src/journal/runs.ts'
import { hostFiles } from '../../src/lab/layout.ts'
import type { CheckReport } from '../../src/run/api.ts'
import { confirm, evha, filesOf, type Lab, labForAll } from './lab.ts'

let lab: Lab
let down: () => Promise<void>

beforeAll(async () => {
  ;[lab, down] = await labForAll(3)
})
afterAll(() => down())

type Edit = (runbook: string) => string

const cases: readonly (readonly [slip: string, edit: Edit, code: number, says: RegExp, cure: RegExp])[] = [
  ['an unknown key', (text) => text.replace('staging: true', 'stagign: true'), 2, /stagign/, /staging/],
  [
    'two nodes with one Raft address',
    (text) => text.replace('address: 127.0.0.12', 'address: 127.0.0.11'),
    2,
    /node-2.*node-1|node-1.*node-2/,
    /address/,
  ],
  [
    'an even number of nodes',
    (text) => text.replace(/ {2}- name: node-3[\s\S]*?(?=source:)/, ''),
    2,
    /2 nodes|3, 5 or 7/,
    /3, 5 or 7/,
  ],
  [
    'a chain id that is not the live one',
    (text) => text.replace('chain: lab-chain', 'chain: other-chain'),
    3,
    /lab-chain.*other-chain/,
    /chain: lab-chain/,
  ],
  [
    'an unreachable host',
    (text) => text.replace(/(host: 127\.0\.0\.13\n\s+port: )\d+/, '$19'),
    3,
    /node-3/,
    /./,
  ],
  [
    'a refused key',
    (text) => text.replace(/identityFile: ".*"/, `identityFile: "${strangerKey()}"`),
    3,
    /node-1.*refuses/,
    /authorized_keys/,
  ],
  [
    'a changed host key',
    (text) => text.replace(/knownHostsFile: ".*"/, `knownHostsFile: "${changedKnownHosts()}"`),
    3,
    /host key of node-1.*CHANGED/,
    /ssh-keygen -f .* -R/,
  ],
]

test.each(cases)('%s', async (slip, edit, code, says, cure) => {
  const before = filesOf(lab)
  const runbook = join(lab.stateDir, `${slip.replaceAll(' ', '-')}.yaml`)
  const text = readFileSync(lab.runbook, 'utf8')
  const edited = edit(text)
  expect(edited).not.toBe(text)
  writeFileSync(runbook, edited)
  const chain = /^chain: (.*)$/m.exec(edited)?.[1] ?? ''
  for (const command of [
    ['migrate', '--confirm', `cutover=${chain}`, '--confirm', `commit=${chain}`],
    ['check'],
  ]) {
    const ended = await lab.evha(...command, runbook)
    const told = `${ended.stdout}\n${ended.stderr}`.replaceAll(/\s+/g, ' ')
    expect(ended.code, told).toBe(code)
    expect(told).toMatch(says)
    expect(told).toMatch(cure)
    expect(told).not.toMatch(/ at .*\.js:\d+/)
  }
  expect([...filesOf(lab)]).toEqual([...before])
  expect((await lab.on('node-1', 'systemctl is-active ev-node.service')).stdout).toBe('active\n')
})

// The clock of a machine is never stepped: what tells the time there is.
test('a clock 30 s off blocks, one that nobody keeps is told; mended, nothing is found', async () => {
  const [ahead, unkept] = ['node-2', 'node-3'].map((host) => hostFiles(join(lab.root, host)).bin)
  const date = join(ahead ?? '', 'date')
  const timedatectl = join(unkept ?? '', 'timedatectl')
  const kept = readFileSync(timedatectl)
  writeFileSync(date, '#!/bin/sh\necho $(($(/bin/date +%s%3N) + 30000))\n', { mode: 0o755 })
  writeFileSync(timedatectl, '#!/bin/sh\necho no\n')
  const ended = await lab.evha('check', lab.runbook, '--json')
  rmSync(date)
  writeFileSync(timedatectl, kept)
  expect(ended.code, ended.stderr).toBe(3)
  const found = (JSON.parse(ended.stdout) as CheckReport).findings
  expect(found).toMatchObject([
    {
      level: 'blocks',
      host: 'node-2',
      what: expect.stringMatching(/^its clock is (2[5-9]|3[0-5])\d{3} ms off the source's$/),
      cure: 'let NTP set the clock: timedatectl set-ntp true',
    },
    {
      level: 'warns',
      host: 'node-3',
      what: 'its clock is not kept by NTP',
      cure: expect.stringContaining('timedatectl set-ntp true'),
    },
  ])
  expect((await lab.evha('check', lab.runbook)).code).toBe(0)
})

test('a piped y approves nothing', async () => {
  const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
  const asked = spawnSync(
    process.execPath,
    [main, 'migrate', lab.runbook, '--state-dir', lab.stateDir, '--yes'],
    {
      input: `y\n${lab.chain}\n`,
      encoding: 'utf8',
    },
  )
  expect(asked.status, asked.stderr).toBe(4)
  expect((await lab.on('node-1', 'systemctl is-active ev-node.service')).stdout).toBe('active\n')
  expect(asked.stderr).toContain('--confirm cutover=lab-chain')
})

test('a confirmation for another chain is refused before anything is done', async () => {
  const ended = await lab.evha('resume', '--confirm', 'cutover=other-chain')
  expect(ended.code).toBe(2)
  expect(ended.stderr).toContain('other-chain')
})

test('a second run is refused: here while the first is unfinished, from elsewhere by the claim on the sequencer', async () => {
  const here = await lab.evha('migrate', lab.runbook)
  expect(here.code, here.stderr).toBe(2)
  expect(here.stderr).toMatch(/is not finished[\s\S]*evha resume/)

  const elsewhere = await evha(['migrate', lab.runbook, '--state-dir', `${lab.stateDir}/elsewhere`])
  expect(elsewhere.code, elsewhere.stderr).toBe(7)
  expect(elsewhere.stderr).toMatch(/claimed by the run lab-chain-/)
  expect((await lab.evha('abort')).code).toBe(5)
})

test('a second run at the same time is told who holds the lock, since when', async () => {
  const first = lab.evha('migrate', lab.runbook, ...confirm(lab))
  await expect.poll(() => newestStep(lab), { timeout: 60_000 }).toBeDefined()
  const second = await lab.evha('migrate', lab.runbook)
  expect(second.code, second.stderr).toBe(7)
  expect(second.stderr.replaceAll(/\s+/g, ' ')).toMatch(/since/)
  expect((await first).code).toBe(4)
  expect((await lab.evha('abort')).code).toBe(5)
})

/** What the newest run has begun last; nothing before it has a journal, and of a run that is over. */
function newestStep(lab: Lab): string | undefined {
  try {
    const { records } = readJournal(findRun(lab.stateDir).dir)
    if (records.some(({ type }) => type === 'ended')) return undefined
    return records.findLast((record) => record.type === 'intent')?.step
  } catch {
    return undefined
  }
}

function strangerKey(): string {
  const path = join(lab.stateDir, 'stranger')
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path], { input: 'n\n' })
  return path
}

/** node-1's key is node-2's there: what an operator sees after a host was laid anew, or when somebody listens in. */
function changedKnownHosts(): string {
  const known = readFileSync(lab.hosts[0]?.ssh.knownHostsFile ?? '', 'utf8')
    .trim()
    .split('\n')
  const [first = '', second = ''] = known
  const path = join(lab.stateDir, 'changed_known_hosts')
  writeFileSync(path, `${first.split(' ')[0]} ${second.split(' ').slice(1).join(' ')}\n`)
  return path
}
