import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { built, evha } from './built.ts'
import { runbookOn } from './runbook.ts'

// The real binary, as an operator types it, wherever it ends before a host is reached.
const dir = mkdtempSync(join(tmpdir(), 'evha-cli-'))
const stateDir = join(dir, 'state')
const runbook = join(dir, 'runbook.yaml')
const nodeKey = join(import.meta.dirname, '../fixtures/evnode/homes/node-1/node_key.json')

beforeAll(async () => {
  await built()
  writeFileSync(runbook, runbookOn(await closedPort(), dir))
  // A known host without a name: the port is closed, nobody gets as far as its key.
  writeFileSync(join(dir, 'known_hosts'), '')
  writeFileSync(join(dir, 'operator_key'), '', { mode: 0o600 })
}, 120_000)
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** A port that was just free. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  await new Promise((resolve) => server.close(resolve))
  return address.port
}

test.each([
  ['a mistyped command', ['migrat', 'x'], "unknown command 'migrat'", 'did you mean migrate?'],
  ['a mistyped option', ['status', '--jsn'], "unknown option '--jsn'", 'did you mean --json?'],
  [
    'no runbook',
    ['migrate'],
    "missing required argument 'runbook'",
    'evha migrate runbook.yaml; `evha migrate --help`',
  ],
  ['two runbooks', ['migrate', 'a', 'b'], 'too many arguments', '`evha migrate --help`'],
  [
    'a runbook that is not there',
    ['migrate', 'nope.yaml'],
    'nope.yaml cannot be read',
    'give the path of a runbook',
  ],
  ['a confirm without =', ['resume', '--confirm', 'cutover'], 'has no =', '--confirm GATE=CHAIN_ID'],
  [
    'an unknown gate',
    ['resume', '--confirm', 'cutovr=x'],
    'did you mean cutover?',
    '--confirm GATE=CHAIN_ID',
  ],
  [
    'a confirm of no chain',
    ['resume', '--confirm', 'commit='],
    'names no chain',
    '--confirm commit=CHAIN_ID',
  ],
  [
    'four nodes',
    ['lab', 'up', '--nodes', '4'],
    'Allowed choices are 3, 5, 7',
    'evha lab up --nodes 3; `evha lab up --help`',
  ],
  ['no run', ['status'], 'there is no run in', 'evha migrate RUNBOOK'],
  ['no run to go on with', ['resume'], 'there is no run in', 'evha migrate RUNBOOK'],
  ['what is no run id', ['report', '../../etc'], 'is not the id of a run', 'a run id looks like'],
  ['what is no key file', ['peer-id', '/etc/hostname'], '/etc/hostname: not JSON', 'look at /etc/hostname'],
  ['no key file', ['peer-id', 'nope/node_key.json'], 'there is no such file', 'config/node_key.json'],
])('%s is a usage error', async (_name, args, message, cure) => {
  const ended = await evha([...args, '--state-dir', stateDir])
  expect(ended).toMatchObject({ exitCode: 2, stdout: '' })
  const [first, second, third] = ended.stderr.split('\n')
  expect(first).toContain(message)
  expect(second).toBe('  changed: nothing')
  expect(third).toContain(cure)
  expect(ended.stderr).not.toMatch(/^\s+at /m)
})

test.each([
  ['an unknown option', ['status', '--jsn', '--json']],
  ['a runbook that is not there', ['check', 'nope.yaml', '--json']],
  ['no command', ['--json']],
  ['an unknown gate', ['--json', 'migrate', 'nope.yaml', '--confirm', 'x=y']],
])('with --json, %s is one object on stdout', async (_name, args) => {
  const ended = await evha(args)
  expect(ended.exitCode).toBe(2)
  expect(JSON.parse(ended.stdout)).toMatchObject({
    error: { kind: 'usage', changedAnything: 'no', retryable: false },
  })
})

test('peer-id prints the id alone', async () => {
  const id = '12D3KooWNopb21uSZmz5vwL3Dw1XScL1cCwdqHrycvDixYgABoLs'
  expect(await evha(['peer-id', nodeKey])).toEqual({ exitCode: 0, stdout: `${id}\n`, stderr: '' })
  expect(JSON.parse((await evha(['peer-id', nodeKey, '--json'])).stdout)).toEqual({ version: 1, peerId: id })
})

test('help shows examples first and the exit codes last', async () => {
  const { exitCode, stdout, stderr } = await evha(['migrate', '--help'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(/^evha migrate: .*\n\nExamples:\n {2}evha migrate runbook\.yaml/)
  for (const option of ['--json', '--no-color', '--state-dir', '--no-input', '--yes', '--confirm', '-v'])
    expect(stdout).toContain(option)
  expect(stdout.trimEnd()).toMatch(/143 {2}terminated.*$/)
})

test('no command is help, and nothing done', async () => {
  const { exitCode, stdout, stderr } = await evha([])
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain('Commands:')
})

test('hosts that can not be reached block the check, with nothing changed', async () => {
  const text = await evha(['check', runbook, '--state-dir', stateDir])
  expect(text.exitCode).toBe(3)
  expect(text.stdout).toContain('lab-chain can not be migrated yet: 3 findings to cure')
  const json = await evha(['check', runbook, '--state-dir', stateDir, '--json'])
  expect(json.exitCode).toBe(3)
  expect(JSON.parse(json.stdout)).toMatchObject({ chain: 'lab-chain', ok: false })
  expect(readdirSync(dir)).not.toContain('state')
})

test('a --confirm for another chain is refused before anything is begun', async () => {
  const ended = await evha(['migrate', runbook, '--state-dir', stateDir, '--confirm', 'cutover=other-chain'])
  expect(ended.exitCode).toBe(2)
  expect(ended.stderr).toContain('other-chain')
  expect(readdirSync(dir)).not.toContain('state')
})

test('a migrate that reaches nobody ends with 3, a report, and the way on; --yes is no approval', async () => {
  const own = join(dir, "state of 'mine'")
  const ended = await evha(['migrate', runbook, '--state-dir', own, '--yes', '--json'], { stdin: 'y\n' })
  expect(ended.exitCode).toBe(3)
  const report = JSON.parse(ended.stdout)
  expect(report).toMatchObject({ chain: 'lab-chain', outcome: 'failed', state: 'check', nodesTotal: 3 })
  expect(ended.stderr).toContain('--yes approves no gate')
  expect(ended.stderr).toContain(`journal and log: ${join(own, 'runs', report.run)}`)
  expect(ended.stderr).toContain(`log: ${join(own, 'runs', report.run, 'evha.log')}`)
  // The state directory has a space and quotes in it: the printed command must be one a shell reads back.
  expect(ended.stderr).toContain(`--state-dir '${own.replaceAll("'", `'\\''`)}'`)
  expect(ended.stderr.trimEnd().split('\n').at(-1)).toBe(`  ${report.next}`)
  const status = JSON.parse((await evha(['status', '--state-dir', own, '--json'])).stdout)
  expect(status).toMatchObject({ run: report.run, state: 'check', running: false })
  const markdown = await evha(['report', '--state-dir', own])
  expect(markdown.stdout).toMatch(/^# lab-chain: failed\n/)
  const page = join(own, 'report.html')
  // Twice: a page of an hour ago is written over.
  for (let times = 0; times < 2; times++)
    expect(await evha(['report', '--state-dir', own, '--html', page])).toEqual({
      exitCode: 0,
      stdout: `${page}\n`,
      stderr: '',
    })
  expect(readFileSync(page, 'utf8')).toContain('This run is not finished.')
  expect(statSync(page).mode & 0o777).toBe(0o600)
  const foreign = await evha(['report', '--state-dir', own, '--html', runbook])
  expect(foreign).toMatchObject({ exitCode: 2, stdout: '' })
  expect(foreign.stderr).toContain(`${runbook} is there and was not written by evha`)
})

test('a reader that goes away does not end a run early', async () => {
  const own = join(dir, 'unread')
  const ended = await evha(['migrate', runbook, '--state-dir', own], { unread: true })
  expect(ended.exitCode).toBe(3)
  const report = JSON.parse((await evha(['report', '--state-dir', own, '--json'])).stdout)
  expect(report.endedAt).not.toBeNull()
})
