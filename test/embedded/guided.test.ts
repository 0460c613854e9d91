import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { Report, Status } from '../../src/run/api.ts'
import { built } from '../cli/built.ts'
import { type OnTerminal, onTerminal } from '../on-terminal.ts'
import { type Lab, withLab } from './lab.ts'

// How: evha itself on a pseudo-terminal, and keys typed as a person would, some of them wrong.

beforeAll(() => built(), 120_000)

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js')
const enter = '\r'
const ctrlC = '\u0003'
const endMs = 200_000

const guided = (lab: Lab, ...words: string[]): OnTerminal =>
  onTerminal([process.execPath, main, ...words, '--state-dir', lab.stateDir], endMs)

const reportOf = async (lab: Lab): Promise<Report> =>
  JSON.parse((await lab.evha('report', '--json')).stdout) as Report

test('guided from the first look to finish: wrong names approve nothing, the chain id does, the seconds are seen to pass', () =>
  withLab(3, async (lab) => {
    const run = guided(lab, 'migrate', lab.runbook)
    await run.shows('Ready to cut over')
    await run.shows('press Enter to keep')
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
    run.type(`${lab.chain}${enter}`)
    await run.shows('is migrated')
    expect(await run.ended(), run.screen()).toBe(0)
    expect(await reportOf(lab)).toMatchObject({ outcome: 'migrated', nodesVoting: 3, forks: [] })
    const gates = (await reportOf(lab)).approvals.map(({ gate, by }) => [gate, by])
    expect(gates).toEqual(['cutover', 'commit', 'finish'].map((gate) => [gate, 'operator at the terminal']))
    expect(lab.signedTwice()).toEqual([])
  }))

test('Ctrl-C at the first gate leaves the chain running; `back` at the second brings it back; both times it says how to go on', () =>
  withLab(3, async (lab) => {
    const first = guided(lab, 'migrate', lab.runbook)
    await first.shows('Ready to cut over')
    await first.shows('chain id')
    first.type(ctrlC)
    expect(await first.ended(), first.screen()).toBe(4)
    expect(first.screen()).toContain('evha resume')
    const status = JSON.parse((await lab.evha('status', '--json')).stdout) as Status
    expect(status).toMatchObject({ state: 'gate.cutover', running: false })
    const second = guided(lab, 'resume')
    await second.shows('Ready to cut over')
    await second.shows('chain id')
    second.type(`${lab.chain}${enter}`)
    await second.shows('Point of no return')
    await second.shows('s left)')
    second.type(`back${enter}`)
    expect(await second.ended(), second.screen()).toBe(5)
    expect(await reportOf(lab)).toMatchObject({ outcome: 'returned' })
    expect(lab.signedTwice()).toEqual([])
  }))
