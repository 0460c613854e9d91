import { expect, test } from 'vitest'
import { pageOf } from './page.ts'
import { sectionOf, sshHeading, withSection } from './section.ts'

const section = `${sshHeading}\n\nOn a machine, $& days ago.\n\n| what | ms |\n|---|---|\n| ssh | 1 |`

test('what was measured of SSH outlives a new page of the comparison', () => {
  const old = withSection('# Benchmarks\n\nold figures\n', section)
  const page = withSection(pageOf([]), sectionOf(old, sshHeading))
  expect(page).toContain(section)
  expect(page).not.toContain('old figures')
})

test('a section takes the place of the old one, whatever stands around it; without one the page stays', () => {
  const page = `# A\n\none\n\n${sshHeading}\n\nolder\n\n## B\n\ntwo\n`
  expect(withSection(page, section)).toBe(`# A\n\none\n\n${section}\n\n## B\n\ntwo\n`)
  expect(withSection(page, '')).toBe(page)
  expect(sectionOf(page, '## C')).toBe('')
})
