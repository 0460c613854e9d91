import { expect, test } from 'vitest'
import { checkText } from '../../src/ui/check-text.ts'

test('findings stand by their host, the worst first, each with why and cure', () => {
  const report = {
    version: 1 as const,
    chain: 'lab-chain',
    ok: false,
    facts: [['head', '48213'] as const, ['block time', '1000 ms'] as const],
    findings: [
      {
        level: 'notes' as const,
        host: 'node-2',
        what: 'no ping',
        evidence: '',
        why: 'round trips are not measured',
        cure: 'none',
      },
      {
        level: 'warns' as const,
        host: 'node-3',
        what: 'slow disk',
        evidence: 'dd: 3 MB/s',
        why: 'the window grows',
        cure: 'look at it',
      },
      {
        level: 'blocks' as const,
        host: 'node-2',
        what: 'port 5001 is taken',
        evidence: '/proc/net/tcp',
        why: 'Raft needs it',
        cure: 'ss -ltnp | grep 5001',
      },
    ],
  }
  expect(checkText(report, 80)).toBe(`  head        48213
  block time  1000 ms

node-2
  blocks  port 5001 is taken
          seen  /proc/net/tcp
          why   Raft needs it
          cure  ss -ltnp | grep 5001
  notes   no ping
          why   round trips are not measured
          cure  none

node-3
  warns   slow disk
          seen  dd: 3 MB/s
          why   the window grows
          cure  look at it

lab-chain can not be migrated yet: 1 finding to cure; 1 warning
`)
})

test('nothing found is said', () => {
  expect(checkText({ version: 1, chain: 'lab-chain', ok: true, facts: [], findings: [] }, 80)).toBe(
    'nothing stands against migrating lab-chain\n',
  )
})
