import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { EvhaError } from '../base/errors.ts'
import { crashPoint } from './crash-point.ts'
import { type LockOwner, locked, readOwnerFile } from './lock-owner.ts'
import { inStateDirectory, makePrivateDirectory } from './private-directory.ts'
import { type Liveness, livenessOf, ownIdentity } from './process-identity.ts'
import { syncDirectory, writeNewFile } from './write-file.ts'

export type { LockOwner }

export interface HeldLock {
  readonly owner: LockOwner
  readonly path: string
  /** The dead process whose lock was taken over; the operator is told. */
  readonly takenOverFrom?: LockOwner
}

/** How often a contended lock is looked at anew before giving up; each look ends a race with somebody else's success. */
const attemptsMax = 1000

/**
 * Takes the chain's lock in the state directory. A lock whose owner is dead is taken over (`takenOverFrom`).
 * EvhaError 'locked' says who holds it, where, since when, and what to type.
 */
export function takeLock(
  stateDir: string,
  hold: { readonly chain: string; readonly run: string; readonly now?: () => number },
): HeldLock {
  const place = placeOf(stateDir, hold.chain)
  const owner: LockOwner = {
    ...ownIdentity(),
    chain: hold.chain,
    run: hold.run,
    user: userName(),
    since: new Date((hold.now ?? Date.now)()).toISOString(),
    nonce: randomBytes(16).toString('hex'),
  }
  makePrivateDirectory(place.directory)
  const claim = join(place.directory, `${place.name}.new-${owner.nonce}`)
  inStateDirectory(() => writeNewFile(claim, `${JSON.stringify(owner)}\n`))
  try {
    crashPoint('lock.claimed')
    const takenOverFrom = contend(place, claim, owner)
    syncDirectory(place.directory)
    return { owner, path: place.path, ...(takenOverFrom === undefined ? {} : { takenOverFrom }) }
  } finally {
    rmSync(claim, { force: true })
    sweep(place)
  }
}

/** Gives the lock back; does nothing when it is not the one that was taken (any more). */
export function releaseLock(stateDir: string, held: { readonly owner: LockOwner }): void {
  const place = placeOf(stateDir, held.owner.chain)
  if (readOwner(place)?.nonce !== held.owner.nonce) return
  rmSync(place.path, { force: true })
  syncDirectory(place.directory)
}

/** Who holds the chain, and whether that process still runs; undefined when nobody does. */
export function readLock(
  stateDir: string,
  chain: string,
): { readonly owner: LockOwner; readonly liveness: Liveness; readonly path: string } | undefined {
  const place = placeOf(stateDir, chain)
  const owner = readOwner(place)
  return owner === undefined ? undefined : { owner, liveness: livenessOf(owner), path: place.path }
}

interface Place {
  readonly directory: string
  /** CHAIN.lock */
  readonly name: string
  readonly path: string
}

function placeOf(stateDir: string, chain: string): Place {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(chain)) {
    throw new EvhaError({
      kind: 'usage',
      message: `${JSON.stringify(chain)} cannot name a lock`,
      changedAnything: 'no',
      retryable: false,
      hint: 'mend the chain id in the runbook',
    })
  }
  const directory = join(stateDir, 'locks')
  const name = `${chain}.lock`
  return { directory, name, path: join(directory, name) }
}

/**
 * The lock file appears by link(2): whole or not at all, and for one contender only. It is replaced by rename(2),
 * and only by who holds the guard for the dead owner's nonce; so a slow contender that still believes in a dead
 * owner cannot remove the lock of a living one.
 */
function contend(place: Place, claim: string, self: LockOwner): LockOwner | undefined {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (linked(claim, place.path)) return undefined
    const owner = readOwner(place)
    if (owner === undefined) continue
    const liveness = livenessOf(owner, self)
    if (liveness !== 'dead') throw locked(owner, liveness, place.path)
    if (takeOver(place, claim, self, owner)) return owner
  }
  throw new EvhaError({
    kind: 'locked',
    message: `the lock ${place.path} changes hands all the time`,
    changedAnything: 'no',
    retryable: true,
    hint: 'see who starts evha for this chain over and over, then try again',
  })
}

/**
 * Guards are numbered, one series for each dead owner. A guard whose own owner died is passed over by the next number;
 * none is removed while the dead owner's lock still stands, so at most one living process is past the last line here.
 */
function takeOver(place: Place, claim: string, self: LockOwner, dead: LockOwner): boolean {
  for (let number = 0; number < attemptsMax; number += 1) {
    const guard = join(place.directory, `${place.name}.takeover-${dead.nonce}-${number}`)
    if (!linked(claim, guard)) {
      const holder = readOwnerFile(guard)
      if (holder !== undefined && livenessOf(holder, self) === 'dead') continue
      pauseMs(2)
      return false
    }
    const stillDead = readOwner(place)?.nonce === dead.nonce
    crashPoint('lock.guarded')
    if (stillDead) renameSync(claim, place.path)
    crashPoint('lock.replaced')
    removeGuards(place, dead.nonce)
    return stillDead
  }
  return false
}

function removeGuards(place: Place, nonce: string): void {
  for (const name of readdirSync(place.directory)) {
    if (name.startsWith(`${place.name}.takeover-${nonce}-`))
      rmSync(join(place.directory, name), { force: true })
  }
}

/**
 * Left behind by processes that died on their way through: claims an hour old, far longer than anybody contends,
 * and guards of that age unless the lock they guard still stands.
 */
function sweep(place: Place): void {
  const current = readOwner(place)?.nonce
  for (const name of readdirSync(place.directory)) {
    if (!name.startsWith(`${place.name}.`)) continue
    const left = /^(?:new|takeover)-([0-9a-f]{32})(?:-\d+)?$/.exec(name.slice(place.name.length + 1))
    if (left === null || left[1] === current) continue
    const path = join(place.directory, name)
    const bornMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    if (bornMs !== undefined && Date.now() - bornMs > 3_600_000) rmSync(path, { force: true })
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readOwner(place: Place): LockOwner | undefined {
  return readOwnerFile(place.path)
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

function pauseMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
