/** What other modes than `script/bench compare` write into the page that it writes. */
export const sshHeading = '## What a command on a host costs'
export const evmHeading = '## An EVM chain'

/** The page anew, with the sections of other modes that stood in the old one. */
export const withOldSections = (page: string, old: string) =>
  [evmHeading, sshHeading].reduce((sum, heading) => withSection(sum, sectionOf(old, heading)), page)

/** A section with its heading, to the next one of its rank or the end; empty where there is none. */
export function sectionOf(page: string, heading: string): string {
  const lines = page.split('\n')
  const from = lines.indexOf(heading)
  if (from === -1) return ''
  const next = lines.findIndex((line, k) => k > from && /^##? /.test(line))
  return lines
    .slice(from, next === -1 ? undefined : next)
    .join('\n')
    .trim()
}

/** The page with that section in the place of the one of the same heading, or at its end. */
export function withSection(page: string, section: string): string {
  if (section === '') return page
  const [heading = ''] = section.split('\n', 1)
  const old = sectionOf(page, heading)
  return old === '' ? `${page.trimEnd()}\n\n${section}\n` : page.replace(old, () => section)
}
