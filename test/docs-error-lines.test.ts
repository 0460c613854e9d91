// docs/error-lines.md is made from the table in src/evnode; `EVHA_WRITE_DOCS=1 npx vitest run test/docs-error-lines.test.ts` writes it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { knownErrors } from '../src/evnode/errors.ts'

const page = join(import.meta.dirname, '..', 'docs', 'error-lines.md')

/** A pattern as one reads it: what a line has in it. */
const readable = (pattern: string) =>
  pattern
    .replaceAll('\\d+', 'N')
    .replaceAll('.*', '…')
    .replaceAll('|', ' or ')
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll('$', '')
    .trim()

const cell = (text: string) => text.replaceAll('|', '\\|')

const text = `# Error lines of a node

Made from the table evha itself uses; \`evha explain-log FILE\` finds them in a log.

| a line with | cause | cure | does evha prevent it in a migration? |
|---|---|---|---|
${knownErrors
  .map(
    ([pattern, { cause, cure, prevented }]) =>
      `| \`${cell(readable(pattern))}\` | ${cell(cause)} | ${cell(cure)} | ${prevented ? 'yes' : 'no'} |`,
  )
  .join('\n')}
`

test('the page on error lines says what evha knows', () => {
  if (process.env['EVHA_WRITE_DOCS'] === '1') writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
})
