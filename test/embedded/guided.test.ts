import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import type { Report, Status } from '../../src/run/api.ts'
import { built } from '../cli/built.ts'
import { type OnTerminal, onTerminal } from '../on-terminal.ts'
import { nextBlock, nextBlockOf } from './chain.ts'
import { type Lab, pause, withLab } from './lab.ts'

// How: evha itself on a pseudo-terminal, and keys typed as a person would, some of them wrong.

const nightlyTest = test.skipIf(process.env['EVHA_TEST_TIER'] !== 'nightly')

beforeAll(() => built(), 120_000)

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
const enter = '\r'
const ctrlC = '\u0003'
const endMs = 200_000
const thenMs = 60_000

const guided = (lab: Lab, ...words: string[]): OnTerminal =>
  onTerminal([process.execPath, main, ...words, '--state-dir', lab.stateDir], endMs)

/** Lines behind a text that are wider than the terminal; a command to copy is never broken. */
const tooWide = (screen: string, from: string, columns: number) =>
  stripVTControlCharacters(screen.slice(screen.lastIndexOf(from)))
    .split(/[\r\n]+/)
    .slice(1)
    .filter(
      (line) =>
        line.length > columns &&
        !line.includes('‣') &&
        !/^ {2}evha |--state-dir|journal and log|^ {2}directory/.test(line),
    )

const statusOf = async (lab: Lab): Promise<Status> =>
  JSON.parse((await lab.evha('status', '--json')).stdout) as Status
const reportOf = async (lab: Lab): Promise<Report> =>
  JSON.parse((await lab.evha('report', '--json')).stdout) as Report

test('guided from the first look to finish: wrong names approve nothing, the chain id does, the seconds are seen to pass', () =>
  withLab(3, async (lab) => {
    const run = guided(lab, 'migrate', lab.runbook)
    // The window is dragged smaller while the region is drawn, and larger again.
    await run.shows('preparing the peers')
    run.resize(50)
    await run.shows('trying binary')
    await run.shows('✓')
    run.resize(80)
    expect(tooWide(run.screen(), 'trying binary', 50)).toEqual([])
    await run.shows('Ready to cut over')
    await run.shows('press Enter to leave')
    run.type(`yes${enter}`)
    await run.shows('"yes" is not the chain id')
    run.type(`${lab.chain}${enter}`)
    await run.shows('stands still')
    await run.shows('Point of no return')
    // Enter alone is no answer here, and the question counts down.
    await run.shows('s left)')
    run.type(enter)
    await run.shows('✔')
    await run.shows('s left)')
    run.type(`${lab.chain}${enter}`)
    await run.shows('Ready to finish')
    await run.shows('chain id')
    run.type(ctrlC)
    expect(await run.ended(), run.screen()).toBe(4)
    expect(tooWide(run.screen(), 'Ready to cut over', 80)).toEqual([])
    // The cluster runs on; nothing is lost by going on another time.
    const last = guided(lab, 'resume')
    await last.shows('Ready to finish')
    await last.shows('chain id')
    last.type(`finish${enter}`)
    await last.shows('"finish" is not the chain id')
    last.type(`${lab.chain}${enter}`)
    await last.shows('is migrated')
    expect(await last.ended(), last.screen()).toBe(0)
    expect(await reportOf(lab)).toMatchObject({ outcome: 'migrated', nodesVoting: 3, forks: [] })
    const gates = (await reportOf(lab)).approvals.map(({ gate, by }) => [gate, by])
    expect(gates).toEqual(['cutover', 'commit', 'finish'].map((gate) => [gate, 'operator at the terminal']))
    expect(lab.signedTwice()).toEqual([])
  }))

test('Ctrl-C or a closed terminal at the first gate leaves the chain running; `back` at the second brings it back; both times it says how to go on', () =>
  withLab(3, async (lab) => {
    const first = guided(lab, 'migrate', lab.runbook)
    await first.shows('Ready to cut over')
    await first.shows('chain id')
    first.type(ctrlC)
    expect(await first.ended(), first.screen()).toBe(4)
    // What is there to be copied approves nothing.
    expect(first.screen()).toMatch(/to be asked again, type:\s+evha resume \S+ --state-dir/)
    expect(await statusOf(lab)).toMatchObject({ state: 'gate.cutover', running: false })
    const closed = guided(lab, 'resume')
    await closed.shows('Ready to cut over')
    await closed.shows('chain id')
    await closed.hangUp()
    expect(await statusOf(lab)).toMatchObject({ state: 'gate.cutover', running: false })
    expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
    const second = guided(lab, 'resume')
    await second.shows('Ready to cut over')
    await second.shows('chain id')
    // Another terminal watches, and is dragged smaller meanwhile.
    const watch = guided(lab, 'status', '--watch')
    await watch.shows('at the gate cutover, for an answer in the terminal that drives the')
    await watch.shows('evha abort')
    watch.resize(50)
    second.type(`${lab.chain}${enter}`)
    await watch.shows('stands still')
    await watch.shows('left, then back to')
    await second.shows('Point of no return')
    await second.shows('s left)')
    await watch.shows('at the gate commit')
    second.type(`back${enter}`)
    expect(await second.ended(), second.screen()).toBe(5)
    expect(await watch.ended(), watch.screen()).toBe(0)
    expect(tooWide(watch.screen(), 'stands still', 50)).toEqual([])
    expect(watch.screen()).toMatch(/go on with:\s+evha resume \S+ --state-dir/)
    expect(await reportOf(lab)).toMatchObject({ outcome: 'returned' })
    expect(lab.signedTwice()).toEqual([])
  }))

/** From a resumed run to the commit gate, as somebody who means it. */
async function toCommit(lab: Lab, ...words: string[]): Promise<OnTerminal> {
  const run = guided(lab, ...words)
  await run.shows('Ready to cut over')
  await run.shows('chain id')
  run.type(`${lab.chain}${enter}`)
  await run.shows('Point of no return')
  await run.shows('s left)')
  return run
}

/** The old sequencer produces again, and nothing was signed twice. */
async function isBack(lab: Lab): Promise<void> {
  expect(await reportOf(lab)).toMatchObject({ outcome: 'returned' })
  expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
  expect(lab.signedTwice()).toEqual([])
}

nightlyTest(
  'pause and abort typed in another terminal end the guided run where it waits, and a third one that watches tells it',
  () =>
    withLab(3, async (lab) => {
      const first = guided(lab, 'migrate', lab.runbook)
      await first.shows('Ready to cut over')
      await first.shows('chain id')
      const watch = guided(lab, 'status', '--watch')
      await watch.shows('at the gate cutover')
      const pausing = guided(lab, 'pause')
      expect(await pausing.ended(), pausing.screen()).toBe(0)
      expect(await first.ended(), first.screen()).toBe(130)
      expect(first.screen()).toContain('another terminal asked to stop here')
      expect(await watch.ended(), watch.screen()).toBe(0)
      expect(watch.screen()).toContain('no evha process is at work on it')
      const again = await toCommit(lab, 'resume')
      const looking = guided(lab, 'status', '--watch')
      await looking.shows('at the gate commit')
      const aborting = guided(lab, 'abort')
      expect(await aborting.ended(), aborting.screen()).toBe(5)
      expect(await again.ended(), again.screen()).toBe(5)
      expect(await looking.ended(), looking.screen()).toBe(0)
      expect(looking.screen()).toContain('the run was aborted')
      expect(await reportOf(lab)).toMatchObject({ outcome: 'aborted' })
      expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
      expect(lab.signedTwice()).toEqual([])
    }),
)

nightlyTest(
  'at the second gate Ctrl-C once, twice and thrice, and a closed terminal, bring the chain back',
  () =>
    withLab(3, async (lab) => {
      const once = await toCommit(lab, 'migrate', lab.runbook)
      once.type(ctrlC)
      expect(await once.ended(), once.screen()).toBe(5)
      await isBack(lab)
      for (const times of [2, 3]) {
        const more = await toCommit(lab, 'resume')
        more.type(ctrlC)
        for (let pressed = 1; pressed < times; pressed++) {
          await pause(100)
          more.type(ctrlC)
        }
        const code = await more.ended()
        expect([5, 130], more.screen()).toContain(code)
        if (code === 130) expect((await lab.evha('resume', '--no-input')).code).toBe(5)
        await isBack(lab)
      }
      await (await toCommit(lab, 'resume')).hangUp()
      await isBack(lab)
    }),
)

nightlyTest(
  'at the first, the last and the rollback gate Ctrl-C twice ends as once does: nothing is begun, and the gate asks again',
  () =>
    withLab(3, async (lab) => {
      /** Two presses at a gate that waits as long as it takes; whatever the second one met, the run stands where it stood. */
      const pressedTwice = async (run: OnTerminal, gate: string) => {
        run.type(ctrlC)
        await pause(30)
        run.type(ctrlC)
        expect([4, 130], run.screen()).toContain(await run.ended())
        expect(await statusOf(lab)).toMatchObject({ state: `gate.${gate}`, running: false, failure: null })
      }
      const atGate = async (shown: string, ...words: string[]) => {
        const run = guided(lab, ...words)
        await run.shows(shown)
        await run.shows('Type the chain id')
        await run.shows('chain id')
        return run
      }
      await pressedTwice(await atGate('Ready to cut over', 'migrate', lab.runbook), 'cutover')
      expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
      const run = await toCommit(lab, 'resume')
      run.type(`${lab.chain}${enter}`)
      await run.shows('Ready to finish')
      await run.shows('Type the chain id')
      await run.shows('chain id')
      await pressedTwice(run, 'finish')
      await pressedTwice(await atGate('Ready to roll back', 'rollback'), 'rollback')
      expect(await nextBlock(lab, thenMs)).not.toBeNull()
      expect(lab.signedTwice()).toEqual([])
    }),
)

nightlyTest(
  'in the window one Ctrl-C or a closed terminal lets the run go on, two stop it and the host goes back by itself',
  () =>
    withLab(3, async (lab) => {
      const approved = ['--confirm', `cutover=${lab.chain}`, '--confirm', `commit=${lab.chain}`]
      const twice = guided(lab, 'migrate', lab.runbook, ...approved)
      await twice.shows('stands still from here')
      twice.type(ctrlC)
      await twice.shows('the window is open')
      twice.type(ctrlC)
      await twice.shows('stopping now')
      expect(await twice.ended(), twice.screen()).toBe(130)
      expect(twice.screen()).toContain('evha resume')
      expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
      // The run learns that the host went back, and is at the first gate of the next attempt.
      const learnt = await lab.evha('resume', '--no-input')
      expect(learnt.code, learnt.stderr).toBe(5)
      await isBack(lab)
      const closed = guided(lab, 'resume', ...approved)
      await closed.shows('stands still from here')
      await closed.hangUp()
      // It went on to the first blocks of the cluster; what only looks at them waits for somebody to be there.
      expect(await statusOf(lab)).toMatchObject({ phase: 'after', running: false, failure: null })
      expect(await nextBlock(lab, thenMs)).not.toBeNull()
      const once = guided(lab, 'resume')
      await once.shows('Ready to finish')
      await once.shows('chain id')
      once.type(enter)
      expect(await once.ended(), once.screen()).toBe(4)
      expect(lab.signedTwice()).toEqual([])
    }),
)
