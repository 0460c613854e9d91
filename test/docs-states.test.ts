// docs/states.md is made from the state machine; `EVHA_WRITE_DOCS=1 npx vitest run test/docs-states.test.ts` writes it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { edges, stateFacts, states } from '../src/machine/graph.ts'
import { graphPage } from '../src/ui/graph-text.ts'

const page = join(import.meta.dirname, '..', 'docs', 'states.md')
const text = graphPage({ states: stateFacts(), edges: edges() })

test('the page on states is the machine', () => {
  if (process.env['EVHA_WRITE_DOCS'] === '1') writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})

const id = (path: string) => `s_${path.replaceAll('.', '_')}`

test('every state is drawn in exactly one phase, and every way out of it once', () => {
  const drawn = text.split('\n').filter((line) => /^ {2}s_\w+(\[|\(\[)"<b>/.test(line))
  expect(drawn.map((line) => /"<b>(.*?)<\/b>/.exec(line)?.[1]).sort()).toEqual(states().sort())
  const arrows = text.split('\n').flatMap((line) => {
    const found = /^ {2}(s_\w+) (-->|==>)\|".*"\| (s_\w+)$/.exec(line)
    return found === null ? [] : [`${found[1]} ${found[3]}`]
  })
  const leading = edges().filter(({ from, to }) => to !== null && to !== from)
  const expected = new Set(leading.map(({ from, to }) => `${id(from)} ${id(to ?? '')}`))
  expect(new Set(arrows)).toEqual(expected)
  expect(expected.size).toBeGreaterThan(60)
})

test('what can not be undone is drawn thick, and says what is given up', () => {
  const thick = text.split('\n').filter((line) => line.includes('==>'))
  const irreversible = edges().filter((edge) => edge.irreversible !== null)
  expect(thick).toHaveLength(irreversible.length)
  for (const { from, to } of irreversible)
    expect(
      thick.some((line) => line.startsWith(`  ${id(from)} ==>`) && line.endsWith(` ${id(to ?? '')}`)),
    ).toBe(true)
})
