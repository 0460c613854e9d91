import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { render } from '../../../src/remote/render.ts'
import {
  changeDecision,
  lostCompare,
  parseDecision,
  readDecisionFile,
} from '../../../src/steps/host/decision.ts'
import { locally, nodeIn, scratch } from './locally.ts'

const key = { run: 'demo-20260101T000000-aaaa', attempt: 1, epoch: 1 }
const other = { ...key, run: 'demo-20260101T000000-bbbb' }

test.each(['dash', 'bash'] as const)(
  'in %s: open, then either committed or returned, never both',
  (shell) => {
    const spec = nodeIn(scratch())
    const change = (from: string[], to: 'open' | 'committed' | 'returned', by = key) =>
      locally(changeDecision(spec, from, to, by), shell)
    expect(locally(readDecisionFile(spec), shell).stdout).toBe('absent\n')
    expect(change(['open'], 'committed').code).toBe(lostCompare)
    expect(change(['absent', 'other:returned'], 'open').code).toBe(0)
    expect(change(['open'], 'committed', other).code).toBe(lostCompare)
    expect(change(['open'], 'committed', { ...key, attempt: 2 }).code).toBe(lostCompare)
    expect(change(['open'], 'committed').stdout).toBe(`committed ${key.run} 1 1\n`)
    expect(change(['open', 'held'], 'returned')).toMatchObject({
      code: lostCompare,
      stdout: `committed ${key.run} 1 1\n`,
    })
    expect(change(['open'], 'committed').code).toBe(0)
    expect(change(['absent', 'other:returned'], 'open', other).code).toBe(lostCompare)
    expect(parseDecision(locally(readDecisionFile(spec), shell).stdout)).toEqual({
      ...key,
      decision: 'committed',
    })
  },
)

test('a returned attempt is followed by the next one', () => {
  const spec = nodeIn(scratch())
  const run = (from: string[], to: 'open' | 'returned', attempt: number) =>
    locally(changeDecision(spec, from, to, { ...key, attempt })).code
  expect([run(['absent'], 'open', 1), run(['open'], 'returned', 1)]).toEqual([0, 0])
  expect(run(['absent', 'other:returned'], 'open', 2)).toBe(0)
  expect(run(['open'], 'returned', 1)).toBe(lostCompare)
})

test('what an attempt has returned is never opened again by that attempt', () => {
  const spec = nodeIn(scratch())
  const change = (from: string[], to: 'open' | 'returned') => locally(changeDecision(spec, from, to, key))
  expect([change(['absent'], 'open').code, change(['open'], 'returned').code]).toEqual([0, 0])
  expect(change(['absent', 'other:returned'], 'open')).toMatchObject({
    code: lostCompare,
    stdout: `returned ${key.run} 1 1\n`,
  })
})

test('of many that commit and return at the same instant exactly one kind wins, and all see the same file', async () => {
  for (let round = 0; round < 5; round++) {
    const spec = nodeIn(scratch())
    locally(changeDecision(spec, ['absent'], 'open', key))
    const both = ['committed', 'returned', 'committed', 'returned', 'committed', 'returned'] as const
    const codes = await Promise.all(both.map((to) => exitOf(render(changeDecision(spec, ['open'], to, key)))))
    const stands = parseDecision(readFileSync(`${spec.paths.evha}/decision`, 'utf8'))?.decision
    expect(both.filter((_to, i) => codes[i] === 0).every((to) => to === stands)).toBe(true)
    expect(codes.filter((code) => code === lostCompare)).toHaveLength(3)
  }
})

test.each(['', 'absent', 'open', 'maybe run 1 1'])('%j is no decision', (text) => {
  expect(parseDecision(text)).toBeNull()
})

function exitOf(text: string): Promise<number | null> {
  return new Promise((resolve) => spawn('sh', ['-c', text], { stdio: 'ignore' }).on('close', resolve))
}
