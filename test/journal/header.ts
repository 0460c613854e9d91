import type { Body } from '../../src/journal/record.ts'

/** The header of some run. */
export const header: Body<'header'> = {
  run: 'lab-chain-20260131T120000-a1b2',
  chain: 'lab-chain',
  runbookDigest: 'ab'.repeat(32),
  machineVersion: 1,
  graphHash: 'cd'.repeat(32),
  evhaVersion: '0.1.0',
  command: ['migrate', 'chain.yaml'],
}
