import { expect, test } from 'vitest'
import { pageMark, reportPage } from '../../src/ui/report-html.ts'
import { full, spoiled, waiting } from './examples.ts'
import { elementsOf } from './well-formed.ts'

test.each([
  ['a migrated chain', full],
  [
    'a run that waits',
    { ...full, report: waiting, finished: false, window: null, heights: [], approvals: [] },
  ],
  ['hostile words', spoiled],
])('the page of %s is sound HTML and asks for nothing but itself', (_name, given) => {
  const page = reportPage(given)
  expect(page.startsWith(pageMark)).toBe(true)
  const elements = elementsOf(page)
  expect(elements.map((one) => one.name)).toEqual(expect.arrayContaining(['html', 'title', 'body', 'h1']))
  const names = new Set(elements.map((one) => one.name))
  for (const loads of ['script', 'link', 'img', 'iframe', 'object', 'embed', 'base', 'form', 'a'])
    expect(names).not.toContain(loads)
  const attributes = new Set(elements.flatMap((one) => one.attributes))
  const harmless =
    'lang charset name content http-equiv class style viewBox preserveAspectRatio role aria-label x y width height d'
  expect([...attributes].filter((one) => !harmless.split(' ').includes(one))).toEqual([])
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? ''
  expect(style.length).toBeGreaterThan(1_000)
  expect(style).not.toMatch(/url\(|@import|<|\/\//)
  expect(page).toContain('default-src &#39;none&#39;'.replaceAll('&#39;', "'"))
})

test('hostile words stand as words', () => {
  const page = reportPage(spoiled)
  expect(page).toContain(
    '&lt;/style&gt;&lt;script src=//evil&gt;&lt;/script&gt;&lt;img onerror=&quot;x&quot;',
  )
  expect(page).not.toContain('\u001b')
  expect(page).not.toContain('\u202e')
})

test('every node has its lane, and the gap is marked where the blocks say it was', () => {
  const page = reportPage(full)
  expect(page).toContain('The chain stood still for 5.1 s (marked).')
  const lanes = page.split('<div class="lane">').slice(1)
  expect(lanes).toHaveLength(3)
  const gaps = lanes.map((lane) =>
    /class="gap" x="([\d.]+)" y="0" width="([\d.]+)"/.exec(lane)?.slice(1).map(Number),
  )
  // From 2 s before the last block to 5.3 s after it: the gap begins at 2 of 7.3 and takes 5.12 of them.
  for (const gap of gaps) {
    expect(gap?.[0]).toBeCloseTo((1_000 * 2) / 7.3, 0)
    expect(gap?.[1]).toBeCloseTo((1_000 * 5.12) / 7.3, 0)
  }
  const lines = lanes.map((lane) => /class="line" d="([^"]*)"/.exec(lane)?.[1])
  // node-1 ends with its last block, at the edge of the gap; node-3 was never seen.
  expect(lines[0]).toMatch(/^M0 [\d.]+H137V[\d.]+H274V[\d.]+$/)
  expect(lines[1]).toMatch(/^M[\d.]+ [\d.]+H1000V[\d.]+$/)
  expect(lines[2]).toBe('')
  expect(lanes[2]).toContain('not seen in this span')
})

test('a call of a hook is told with its end, or that nobody saw it', () => {
  const at = '2026-01-31T12:01:00.000Z'
  const page = reportPage({
    ...full,
    hooks: [
      { hook: 'prepared', at, attempt: 1, exit: 0, durationMs: 40 },
      { hook: 'chainStopped', at, attempt: 1, exit: null, durationMs: null },
    ],
  })
  expect(page).toContain('<dt>prepared</dt><dd>2026-01-31 12:01:00 UTC: exit 0, 40 ms</dd>')
  expect(page).toContain('<dt>chainStopped</dt><dd>2026-01-31 12:01:00 UTC: its end was not seen</dd>')
})

test('a run that is not finished says so, where it stands, and what to type', () => {
  const page = reportPage({ ...full, report: waiting, finished: false })
  expect(page).toContain(
    '<strong>This run is not finished.</strong> It stands at gate.cutover: ready to cut over',
  )
  expect(page).toContain(`<pre>${waiting.next}</pre>`)
  expect(reportPage(full)).not.toContain('not finished')
})

test('a page can be read on a phone, in the dark and on paper', () => {
  const page = reportPage(full)
  expect(page).toContain('name="viewport" content="width=device-width, initial-scale=1"')
  for (const rule of ['@media print', '@media (max-width: 40rem)', '(prefers-color-scheme: dark)'])
    expect(page).toContain(rule)
})
