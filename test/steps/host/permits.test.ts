import { expect, test } from 'vitest'
import { givePermit, listPermits, takePermit } from '../../../src/steps/host/permits.ts'
import { claim, readClaim } from '../../../src/steps/prepare/claim.ts'
import { locally, nodeIn, scratch } from './locally.ts'

test('permits are given and taken by mode; taking takes both kinds', () => {
  const spec = nodeIn(scratch())
  const listed = () => locally(listPermits(spec)).stdout
  expect(listed()).toBe('')
  expect(locally(takePermit(spec, 'raft')).code).toBe(0)
  locally(givePermit(spec, 'single', 'durable'))
  locally(givePermit(spec, 'raft', 'durable'))
  locally(givePermit(spec, 'raft', 'volatile'))
  expect(listed()).toBe('single durable\nraft durable\nraft volatile\n')
  locally(takePermit(spec, 'raft'))
  expect(listed()).toBe('single durable\n')
  locally(takePermit(spec, 'single'))
  expect(listed()).toBe('')
})

test('one run claims the source; another is told who holds it', () => {
  const spec = nodeIn(scratch())
  expect(locally(claim(spec, 'run-a', 'ann@desk'))).toMatchObject({ code: 0 })
  expect(locally(claim(spec, 'run-a', 'ann@desk')).code).toBe(0)
  const refused = locally(claim(spec, 'run-b', 'bob@desk'))
  expect(refused.code).toBe(3)
  expect(refused.stdout).toMatch(/^run-a ann@desk \d{4}-/)
  expect(locally(readClaim(spec)).stdout).toMatch(/^run-a /)
})
