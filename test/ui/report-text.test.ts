import { expect, test } from 'vitest'
import type { Report } from '../../src/run/api.ts'
import { reportText } from '../../src/ui/report-text.ts'
import { full, migrated, waiting } from './examples.ts'

const textOf = (report: Report, more: Partial<typeof full> = {}) => reportText({ ...full, ...more, report })

test('a migrated chain, whole', () => {
  expect(textOf(migrated)).toBe(`# lab-chain: migrated

lab-chain is migrated: the cluster produces its blocks.

- run: \`lab-chain-20260131T120000-a1b2\`
- state: \`done\`, migrated: the cluster produces and every node votes
- attempt: 1
- begun: 2026-01-31 12:00:00 UTC
- ended: 2026-01-31 12:03:04 UTC

## Result

| what | seen |
| --- | --- |
| last old height | 48213 |
| first cluster height | 48214 |
| gap | 5.1 s |
| our own part of it | 312 ms |
| gap predicted | 4.9 s |
| voting | 5 of 5 |
| hash link | unbroken |
| heights signed twice | none |
| copied while the chain ran | 1.4 GiB (1503238553 bytes) |
| copied in the window | 912 bytes |

## Block heights

| node | first seen | at (UTC) | last seen | at (UTC) |
| --- | --- | --- | --- | --- |
| node-1 | 48211 | 12:01:58.000 | 48212 | 12:01:59.000 |
| node-2 | 48213 | 12:02:04.000 | 48214 | 12:02:05.300 |

## Approvals

| gate | approved by | at | after | bound to |
| --- | --- | --- | --- | --- |
| cutover | operator at the terminal | 2026-01-31 12:01:00 UTC | 4.0 s | \`0123456789abcdef\` |

Shown at cutover:

| what | seen |
| --- | --- |
| head | 48213 by node-1 |

## Steps

| begun (UTC) | state | what | took | end |
| --- | --- | --- | --- | --- |
| 12:00:00.200 | check | looking at every host; nothing is changed | 1.2 s | ok |
| 12:00:01.500 | preparePeers | preparing the peers of node-1; the chain runs | 88 ms | failed |

## Evidence

### the cluster

| what | seen |
| --- | --- |
| leader | node-2 |

## Left behind on the hosts

- node-1: /var/lib/evha

## Commands on the hosts

1 command; secrets stand as [redacted].

### check: looking at every host; nothing is changed

read the head (reads; node-1 exit 0)

\`\`\`sh
cat /head
\`\`\`

## Next

\`\`\`sh
evha report lab-chain-20260131T120000-a1b2 --state-dir /var/evha
\`\`\`
`)
})

test('nothing that was not measured is given a value', () => {
  const text = textOf(waiting, { finished: false, approvals: [], evidence: [] })
  for (const label of [
    'last old height',
    'first cluster height',
    'gap',
    'voting',
    'hash link',
    'heights signed twice',
  ])
    expect(text).toContain(`| ${label} | not measured |`)
  expect(text).toContain('- ended: not yet')
  expect(text).toContain('None was given.')
  expect(text).toContain('**This run is not finished.** It stands at gate.cutover')
})

test.each([
  ['a broken hash link', { hashContinuity: false }, '| hash link | BROKEN |'],
  ['heights signed twice', { forks: [7, 9] }, '| heights signed twice | 7, 9 |'],
  ['stand-ins', { standIn: true }, 'The nodes were stand-ins of the embedded lab'],
  [
    'a failure',
    {
      failure: {
        kind: 'failed' as const,
        message: 'node-3: disk full',
        changedAnything: 'yes' as const,
        retryable: true,
        hint: 'make room',
      },
    },
    '- what failed: node-3: disk full\n- changed: yes\n- cure: make room',
  ],
  ['nothing to do', { next: null }, '## Next\n\nNothing is left to do.'],
])('%s is said', (_name, change, line) => {
  expect(textOf({ ...migrated, ...change })).toContain(line)
})

test('the attempt of a step is told once there were several', () => {
  const [first] = migrated.steps
  if (first === undefined) throw new Error('the example has steps')
  const text = textOf({ ...migrated, attempt: 2, steps: [first, { ...first, attempt: 2 }] })
  expect(text).toContain('| attempt | begun (UTC) |')
  expect(text).toContain('| 2 | 12:00:00.200 |')
})

test('words from a host break neither table nor page', () => {
  const [first] = migrated.steps
  if (first === undefined) throw new Error('the example has steps')
  const text = textOf({ ...migrated, steps: [{ ...first, says: 'a | b\n<script>\u001b[2J' }] })
  expect(text).toContain('| a \\| b &lt;script>\ufffd[2J |')
})
