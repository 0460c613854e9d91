import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type LockOwner, readLock, releaseLock, takeLock } from '../../src/journal/lock.ts'
import { ownIdentity } from '../../src/journal/process-identity.ts'
import { startChild } from './child.ts'
import { refusedBy, scratch } from './scratch.ts'

const hold = { chain: 'lab-chain', run: 'lab-chain-20260131T120000-a1b2' }

/** A lock file as a process of long ago would have left it. */
function leaveLock(stateDir: string, chain: string, change: Partial<LockOwner>): LockOwner {
  const owner: LockOwner = {
    ...ownIdentity(),
    chain,
    run: `${chain}-20260131T110000-dead`,
    user: 'ops',
    since: '2026-01-31T11:00:00.000Z',
    nonce: '00'.repeat(16),
    ...change,
  }
  mkdirSync(join(stateDir, 'locks'), { recursive: true })
  writeFileSync(join(stateDir, 'locks', `${chain}.lock`), `${JSON.stringify(owner)}\n`)
  return owner
}

/** This very pid, but of a process that started at another time: dead for sure. */
const dead = { startTime: '1' }

test('a lock is taken, read by others, given back, and nothing stays', () => {
  const state = scratch()
  const held = takeLock(state, { ...hold, now: () => Date.UTC(2026, 0, 31, 12) })
  expect(held.takenOverFrom).toBeUndefined()
  expect(readLock(state, 'lab-chain')).toEqual({ owner: held.owner, liveness: 'alive', path: held.path })
  expect(held.owner).toMatchObject({ pid: process.pid, since: '2026-01-31T12:00:00.000Z', ...hold })
  expect(readdirSync(join(state, 'locks'))).toEqual(['lab-chain.lock'])
  releaseLock(state, held)
  expect(readLock(state, 'lab-chain')).toBeUndefined()
  expect(readdirSync(join(state, 'locks'))).toEqual([])
})

test('a living owner is named, with what to type', () => {
  const state = scratch()
  const { owner } = takeLock(state, hold)
  const refusal = refusedBy(() => takeLock(state, { ...hold, run: 'lab-chain-20260131T130000-b2c3' }))
  expect(refusal).toMatchObject({ kind: 'locked', changedAnything: 'no' })
  expect(refusal.message).toBe(
    `${owner.user} holds the chain lab-chain: process ${process.pid} on ${owner.host}, run ${hold.run}, since ${owner.since}`,
  )
  expect(refusal.hint).toContain(`evha status ${hold.run}`)
  expect(readdirSync(join(state, 'locks'))).toEqual(['lab-chain.lock'])
})

test('another chain is another lock', () => {
  const state = scratch()
  takeLock(state, hold)
  expect(takeLock(state, { ...hold, chain: 'other' }).takenOverFrom).toBeUndefined()
})

test("a dead owner's lock is taken over, and said so", () => {
  const state = scratch()
  const former = leaveLock(state, 'lab-chain', dead)
  expect(readLock(state, 'lab-chain')?.liveness).toBe('dead')
  const held = takeLock(state, hold)
  expect(held.takenOverFrom).toEqual(former)
  expect(readLock(state, 'lab-chain')?.owner).toEqual(held.owner)
  expect(readdirSync(join(state, 'locks'))).toEqual(['lab-chain.lock'])
})

test.each([
  ['on another host', { host: 'elsewhere.example', bootId: 'other' }],
  ['in a container', { pidNamespace: 'pid:[1]' }],
])('an owner %s is never taken for dead', (_, change) => {
  const state = scratch()
  const { bootId: _own, ...former } = leaveLock(state, 'lab-chain', { ...dead, ...change })
  const refusal = refusedBy(() => takeLock(state, hold))
  expect(refusal.kind).toBe('locked')
  expect(refusal.hint).toContain('cannot be seen from here')
  expect(readLock(state, 'lab-chain')?.owner).toMatchObject(former)
})

test('a lock that was taken over in the meantime is not given back by its former owner', () => {
  const state = scratch()
  const former = leaveLock(state, 'lab-chain', dead)
  takeLock(state, hold)
  releaseLock(state, { owner: former })
  expect(readLock(state, 'lab-chain')?.liveness).toBe('alive')
})

test('a lock file nobody can read holds, and says what to do', () => {
  const state = scratch()
  leaveLock(state, 'lab-chain', dead)
  writeFileSync(join(state, 'locks', 'lab-chain.lock'), 'half a l')
  expect(refusedBy(() => takeLock(state, hold)).hint).toMatch(/make sure that no evha runs/)
})

test('a chain id that is a path names no lock', () => {
  expect(refusedBy(() => takeLock(scratch(), { ...hold, chain: '../x' })).kind).toBe('usage')
})

test('of many processes that find a dead owner at one instant, one takes over', async () => {
  const state = scratch()
  const arena = join(state, 'arena')
  writeFileSync(arena, '')
  const chains = Array.from({ length: 80 }, (_, index) => `chain-${index}`)
  for (const chain of chains) leaveLock(state, chain, dead)
  const start = String(Date.now() + 4000)
  const contenders = Array.from({ length: 6 }, () =>
    startChild('contender.ts', ['all-at-once', state, arena, String(chains.length), start, '6']),
  )
  for (const { ended } of contenders) expect(await ended).toMatchObject({ exitCode: 0, stderr: '' })
  const winners = readFileSync(arena, 'utf8').match(/^chain-.*$/gm) ?? []
  expect(winners.map((line) => line.split(' ')[0]).sort()).toEqual([...chains].sort())
})

test('processes that take turns, and die holding or taking over, never hold it together', async () => {
  const state = scratch()
  const arena = join(state, 'arena')
  writeFileSync(arena, '')
  const args = (turns: number, ...more: string[]) => ['in-turns', state, arena, String(turns), ...more]
  const steady = Array.from({ length: 4 }, () => startChild('contender.ts', args(25)))
  const dying = [
    ...Array.from({ length: 4 }, (_, index) => startChild('contender.ts', args(4 + index, 'dies'))),
    startChild('contender.ts', args(9), { EVHA_CRASH_AT: 'lock.guarded' }),
    startChild('contender.ts', args(9), { EVHA_CRASH_AT: 'lock.replaced' }),
    startChild('contender.ts', args(9), { EVHA_CRASH_AT: 'lock.claimed#3' }),
  ]
  for (const { ended } of steady) expect(await ended).toMatchObject({ exitCode: 0, stderr: '' })
  for (const { ended } of dying) expect((await ended).stderr).toBe('')
  const events = readFileSync(arena, 'utf8').split('\n').slice(0, -1)
  let holder: string | undefined
  for (const event of events) {
    const [what, who] = event.split(' ')
    expect([event, holder]).toEqual([event, what === 'in' ? undefined : who])
    holder = what === 'in' ? who : undefined
  }
  expect(events.filter((event) => event.startsWith('dies'))).toHaveLength(4)
  expect(events.filter((event) => event.startsWith('out')).length).toBeGreaterThanOrEqual(100)
})
