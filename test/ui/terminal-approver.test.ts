import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { whyNotAsked } from '../../src/ui/terminal-approver.ts'
import { askOnTerminal } from './terminal.ts'

const terminal = { isTTY: true }
const pipe = { isTTY: undefined }
const enter = '\r'
const ctrlC = '\u0003'

test.each([
  ['two terminals', { env: {}, input: true, stdin: terminal, stderr: terminal }, null],
  ['a piped stdin', { env: {}, input: true, stdin: pipe, stderr: terminal }, 'stdin is no terminal'],
  ['a piped stderr', { env: {}, input: true, stdin: terminal, stderr: pipe }, 'stderr is no terminal'],
  [
    'CI',
    { env: { CI: 'true' }, input: true, stdin: terminal, stderr: terminal },
    'CI is set, so nobody is asked',
  ],
  [
    '--no-input',
    { env: {}, input: false, stdin: terminal, stderr: terminal },
    'questions are switched off (--no-input or --json)',
  ],
])('%s decides whether somebody is asked', (_name, settings, refusal) => {
  expect(whyNotAsked(settings)).toBe(refusal)
})

test.each(['y\n', 'lab-chain\n', ''])('piped input %j approves nothing', async (piped) => {
  const dir = mkdtempSync(join(tmpdir(), 'evha-piped-'))
  const answer = join(dir, 'answer')
  const fixture = join(import.meta.dirname, 'ask-gate.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, answer, 'cutover'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: 30_000,
  })
  let talk = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    talk += text
  })
  child.stdin.end(piped)
  const [exitCode] = await once(child, 'close')
  expect(exitCode).toBe(0)
  expect(readFileSync(answer, 'utf8')).toBe('later')
  expect(talk).toContain('not approved: ')
  rmSync(dir, { recursive: true })
})

test('the chain id typed at a terminal approves', async () => {
  const gate = askOnTerminal({ gate: 'cutover' })
  await gate.shows('by approving  the chain stops')
  await gate.shows('chain id')
  gate.type(`lab-chain${enter}`)
  const { answer, screen } = await gate.ended()
  expect(answer).toBe('approved')
  expect(screen).toContain('the answer is approved; raw: false')
})

test.each([
  ['Enter', enter],
  ['Ctrl-C', ctrlC],
  ['Ctrl-C after half a chain id', `lab-${ctrlC}`],
  ['Ctrl-D', '\u0004'],
  ['Ctrl-D after half a chain id', 'lab-\u0004'],
  ['Escape', '\u001b'],
])('%s leaves the gate waiting', async (_name, keys) => {
  const gate = askOnTerminal({ gate: 'cutover' })
  await gate.shows('? chain id')
  gate.type(keys)
  const { answer, screen } = await gate.ended()
  expect(answer).toBe('later')
  // What is said next stands on a line of its own.
  expect(screen).toMatch(/^the answer is later; raw: false\r?$/m)
})

test('a wrong text is said and asked again, three times at most', async () => {
  const gate = askOnTerminal({ gate: 'cutover' })
  for (const left of ['2 tries left', 'one try left']) {
    await gate.shows('? chain id')
    gate.type(`y${enter}`)
    await gate.shows(`"y" is not the chain id; it is lab-chain (${left})`)
  }
  await gate.shows('? chain id')
  gate.type(`LAB-CHAIN${enter}`)
  await gate.shows('"LAB-CHAIN" is not the chain id; nothing was approved')
  expect((await gate.ended()).answer).toBe('later')
})

test('after a wrong text the right one approves', async () => {
  const gate = askOnTerminal({ gate: 'finish' })
  await gate.shows('? chain id')
  gate.type(`lab-chian${enter}`)
  await gate.shows('2 tries left')
  await gate.shows('? chain id')
  gate.type(`lab-chain${enter}`)
  expect((await gate.ended()).answer).toBe('approved')
})

test('what was typed before the question was shown approves nothing', async () => {
  const gate = askOnTerminal({ gate: 'cutover', waitMs: 1_500 })
  await gate.shows('not asked yet')
  gate.type(`lab-chain${enter}`)
  await gate.shows('? chain id')
  gate.type(enter)
  expect((await gate.ended()).answer).toBe('later')
})

test('at commit Enter is no answer, and the chain id still approves', async () => {
  const gate = askOnTerminal({ gate: 'commit', deadlineMs: 25_000 })
  await gate.shows('? chain id')
  gate.type(enter)
  await gate.shows('? chain id')
  gate.type(`lab-chain${enter}`)
  const { answer, screen } = await gate.ended()
  expect(answer).toBe('approved')
  expect(screen).toMatch(/chain id \(\d+ s left\)/)
})

test('at commit `back` goes back at once', async () => {
  const gate = askOnTerminal({ gate: 'commit', deadlineMs: 25_000 })
  await gate.shows('? chain id')
  gate.type(`back${enter}`)
  expect((await gate.ended()).answer).toBe('declined')
})

test('at commit the countdown is shown, and no answer means going back', async () => {
  const gate = askOnTerminal({ gate: 'commit', deadlineMs: 2_500 })
  await gate.shows('3 s left')
  await gate.shows('1 s left')
  await gate.shows('no answer in time: going back')
  const { answer, screen } = await gate.ended()
  expect(answer).toBe('later')
  expect(screen).toMatch(/^ {2}no answer in time: going back\r?$/m)
  // Nothing is wiped once others write.
  expect(screen.slice(screen.indexOf('no answer'))).not.toContain('\u001b')
})

test('at rollback `no` declines', async () => {
  const gate = askOnTerminal({ gate: 'rollback' })
  await gate.shows('? chain id')
  gate.type(`no${enter}`)
  expect((await gate.ended()).answer).toBe('declined')
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s closes an open question', async (signal) => {
  const gate = askOnTerminal({ gate: 'cutover' })
  await gate.shows('? chain id')
  process.kill(gate.asker(), signal)
  expect((await gate.ended()).answer).toBe('later')
})

test('a terminal that goes away leaves the gate waiting', async () => {
  const gate = askOnTerminal({ gate: 'commit', deadlineMs: 25_000 })
  await gate.shows('? chain id')
  gate.process.kill('SIGKILL')
  expect(await gate.answered()).toBe('later')
})
