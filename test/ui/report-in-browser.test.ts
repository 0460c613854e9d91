// How: the page as it is written, in a real Chromium; skipped where there is none. EVHA_SCREENSHOTS=DIR keeps pictures.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import type { FullReport } from '../../src/run/full-report.ts'
import { reportPage } from '../../src/ui/report-html.ts'
import { chromium, type PageIn, withPage } from '../chromium.ts'
import { full, spoiled, waiting } from './examples.ts'

const directory = mkdtempSync(join(tmpdir(), 'evha-browser-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** What only a look at the drawn page tells. Texts of SVG and scrolling boxes of their own do not count. */
const lookAround = `({
  wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  outside: [...document.body.querySelectorAll('*')]
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((one) => one.tagName + ' ' + one.textContent.slice(0, 40)),
  smallest: Math.min(...[...document.body.querySelectorAll('*')]
    .filter((one) => [...one.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim() !== ''))
    .map((one) => parseFloat(getComputedStyle(one).fontSize))),
  headings: [...document.querySelectorAll('h1, h2')].filter((one) => one.offsetHeight > 0).length,
})`

interface Look {
  readonly wider: number
  readonly outside: readonly string[]
  readonly smallest: number
  readonly headings: number
}

async function show(page: PageIn, name: string, report: FullReport, width: number): Promise<Look> {
  const file = join(directory, `${name}.html`)
  writeFileSync(file, reportPage(report))
  const size = { width, height: 844, deviceScaleFactor: 1, mobile: width < 500 }
  await page.send('Emulation.setDeviceMetricsOverride', size)
  await page.open(pathToFileURL(file).href)
  await page.value(`document.querySelectorAll('details').forEach((one) => { one.open = true })`)
  const kept = process.env['EVHA_SCREENSHOTS']
  if (kept !== undefined) {
    const { data } = await page.send('Page.captureScreenshot', { captureBeyondViewport: true })
    writeFileSync(join(kept, `${name}-${width}.png`), String(data), 'base64')
  }
  return page.value<Look>(lookAround)
}

const reports: readonly (readonly [string, FullReport])[] = [
  ['migrated', full],
  ['waiting', { ...full, report: waiting, finished: false, window: null, heights: [], approvals: [] }],
  ['hostile', spoiled],
]

test.skipIf(chromium === undefined)(
  'the page fits a phone and a desk, reads without a magnifier, and asks for nothing',
  () =>
    withPage(chromium ?? '', async (page) => {
      for (const [name, report] of reports)
        for (const width of [390, 1280]) {
          const look = await show(page, name, report, width)
          expect(look, `${name} at ${width}`).toMatchObject({ wider: 0, outside: [] })
          expect(look.smallest, `${name} at ${width}`).toBeGreaterThanOrEqual(12)
          expect(look.headings, `${name} at ${width}`).toBeGreaterThan(3)
        }
      expect(page.asked().length).toBe(reports.length * 2)
      expect(page.asked().filter((url) => !url.startsWith('file:///'))).toEqual([])
    }),
)

/** A page of A4 and of US letter, in mm; the page's own rule sets the margins. */
const papers = { a4: [210, 297], letter: [215.9, 279.4] } as const
const marginMm = 14
const pxOf = (mm: number) => Math.floor((mm * 96) / 25.4)

async function printed(page: PageIn, name: string, [width, height]: readonly [number, number]) {
  const size = { paperWidth: width / 25.4, paperHeight: height / 25.4 }
  const { data } = await page.send('Page.printToPDF', { ...size, printBackground: false })
  const pdf = Buffer.from(String(data), 'base64')
  const kept = process.env['EVHA_SCREENSHOTS']
  if (kept !== undefined) writeFileSync(join(kept, `${name}.pdf`), pdf)
  return pdf.toString('latin1').match(/\/Type \/Page\b(?!s)/g)?.length ?? 0
}

test.skipIf(chromium === undefined)(
  'on paper nothing is cut off at the side, and what is folded up on the screen is printed too',
  () =>
    withPage(chromium ?? '', async (page) => {
      for (const [paper, mm] of Object.entries(papers)) {
        const width = pxOf(mm[0] - 2 * marginMm)
        await page.send('Emulation.setEmulatedMedia', { media: 'print' })
        for (const [name, report] of reports)
          expect(await show(page, `printed-${name}`, report, width), `${name} on ${paper}`).toMatchObject({
            wider: 0,
            outside: [],
          })
        await show(page, 'printed', full, width)
        const unfolded = await printed(page, `unfolded-${paper}`, mm)
        await page.value(`document.querySelectorAll('details').forEach((one) => { one.open = false })`)
        expect(unfolded, paper).toBeGreaterThan(1)
        expect(await printed(page, `folded-${paper}`, mm), paper).toBe(unfolded)
      }
    }),
)

test.skipIf(chromium === undefined)(
  'what the looks would see: a line too long, a picture from elsewhere',
  () =>
    withPage(chromium ?? '', async (page) => {
      const file = join(directory, 'bad.html')
      writeFileSync(
        file,
        '<body><pre>'.concat('x'.repeat(4_000), '</pre><img src="http://127.0.0.1:9/x.png">'),
      )
      await page.open(pathToFileURL(file).href)
      expect((await page.value<Look>(lookAround)).wider).toBeGreaterThan(1_000)
      expect(page.asked()).toContain('http://127.0.0.1:9/x.png')
    }),
)
