import { expect, test } from 'vitest'
import { plain } from '../../src/ui/style.ts'
import { summaryText } from '../../src/ui/summary.ts'
import { migrated, waiting } from './examples.ts'

test('a migrated chain in a few lines', () => {
  expect(summaryText(migrated)).toBe(`lab-chain is migrated: the cluster produces its blocks.
  last old height       48213
  first cluster height  48214
  gap                   5.1 s
  our own part of it    312 ms
  gap predicted         4.9 s
  voting                5 of 5
  hash link             unbroken
  heights signed twice  none
`)
})

test('figures of stand-ins are called that', () => {
  expect(summaryText({ ...migrated, standIn: true })).toContain(
    'The nodes were stand-ins of the embedded lab',
  )
})

test('on a terminal no line is wider than it', () => {
  const lines = summaryText({ ...migrated, standIn: true }, plain, 60).split('\n')
  expect(lines.filter((line) => line.length > 60)).toEqual([])
  expect(lines).toContain('say nothing about the real node.')
})

test('a run that has measured nothing shows no figures', () => {
  expect(summaryText(waiting)).toBe('The migration of lab-chain is not done: it waits for an approval.\n')
})

test('an attempt that went back shows no figures', () => {
  const text = summaryText({ ...waiting, outcome: 'returned', lastOldHeight: 377 })
  expect(text.trimEnd().split('\n')).toHaveLength(1)
})
