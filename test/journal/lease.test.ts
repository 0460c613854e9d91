import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { changes, script } from '../../src/base/command.ts'
import {
  Lease,
  type LeaseOn,
  type LeasePlace,
  readLeases,
  standingOf,
  type Wanted,
} from '../../src/journal/lease.ts'
import { leaseDir, readLease, releaseLease, renewLease } from '../../src/journal/lease-commands.ts'
import { realTime, type Time } from '../../src/journal/time.ts'
import { type Guard, guarded, newGuard } from '../../src/remote/guarded.ts'
import type { Remote } from '../../src/remote/remote.ts'
import { realClock } from '../../src/run/clock.ts'
import { Heartbeat } from '../../src/run/heartbeat.ts'
import { type LocalHost, localHosts } from './local-host.ts'

const run = 'lab-chain-20260131T120000-a1b2'
const dirOn = ({ evha }: LocalHost) => leaseDir({ evha })
const placesOf = (hosts: readonly LocalHost[]) =>
  hosts.map((host) => ({ remote: host.remote, dir: dirOn(host) }))

/** A workstation: its lease, and its guarded doors. */
function workstation(hosts: readonly LocalHost[]) {
  const guard = newGuard()
  const lease = new Lease(placesOf(hosts), Math.floor(hosts.length / 2) + 1, guard)
  return { guard, lease, doors: hosts.map((host) => guarded(host.remote, dirOn(host), guard)) }
}

/** The holder is heard, as a run does it. */
const heartbeat = ({ lease, doors }: ReturnType<typeof workstation>, hosts: readonly LocalHost[]) =>
  new Heartbeat(
    hosts.map((host, i) => ({ remote: doors[i] as Remote, command: renewLease(dirOn(host)) })),
    {
      clock: realClock,
      everyMs: 500,
      heard: (host, answer) => lease.heard(host, answer),
      silent: () => undefined,
    },
  )

const wanted = (by: string, more: Partial<Wanted> = {}): Wanted => ({
  run,
  by,
  holder: `of-${by}`,
  dead: [],
  waiting: () => undefined,
  ...more,
})

/** Nobody was heard on these hosts for so many seconds. */
function silentFor(hosts: readonly LocalHost[], seconds: number): void {
  for (const host of hosts) {
    const file = join(dirOn(host), 'alive')
    const [boot = '', heard = '0'] = readFileSync(file, 'utf8').trim().split(' ')
    writeFileSync(file, `${boot} ${Number(heard) - seconds}\n`)
  }
}

const write = (path: string, text: string) =>
  changes(`write ${text}`, script('printf "%s\\n" "$2" >> "$1"', path, text))

test('once a majority has said who holds the chain, a host that says nothing is not waited for', async () => {
  const hosts = localHosts(3)
  const [, , silent] = placesOf(hosts) as [LeasePlace, LeasePlace, LeasePlace]
  await workstation(hosts).lease.take(wanted('a@one'))
  silent.remote.run = () => new Promise(() => undefined)
  const due: (() => void)[] = []
  const enough = {
    isEnough: (said: readonly LeaseOn[]) => said.filter(({ seen }) => seen !== null).length >= 2,
    time: {
      after: (_: number, run: () => void) => {
        due.push(run)
        return () => undefined
      },
    },
  }
  const reading = readLeases([...placesOf(hosts).slice(0, 2), silent], undefined, enough)
  await expect.poll(() => due, { timeout: 30_000 }).toHaveLength(1)
  due[0]?.()
  const seen = await reading
  expect(standingOf(seen)?.holder).toMatchObject({ epoch: 1, by: 'a@one' })
  expect(seen[2]).toEqual({ host: 'node-3', seen: null, why: 'node-3: no answer within 1 s of the others' })
})

test('the epoch rises with each hold, on a majority; who holds it, where, since when is read back', async () => {
  const hosts = localHosts(3)
  const [, , third] = hosts as [LocalHost, LocalHost, LocalHost]
  const one = workstation(hosts)
  expect(standingOf(await readLeases(placesOf(hosts)))).toBeNull()
  expect(await one.lease.take(wanted('a@one'))).toMatchObject({ epoch: 1 })
  await one.lease.end()
  third.down = true
  const two = workstation(hosts)
  expect(await two.lease.take(wanted('b@two'))).toMatchObject({ epoch: 2 })
  third.down = false
  const standing = standingOf(await readLeases(placesOf(hosts)))
  expect(standing).toMatchObject({
    holder: { epoch: 2, by: 'b@two', run, holder: 'of-b@two' },
    released: false,
  })
  expect(standing?.silentSeconds).toBeLessThan(10)
})

test('a living holder is not taken over; a dead one of the same workstation at once, a silent one after its time', async () => {
  const hosts = localHosts(3)
  const one = workstation(hosts)
  await one.lease.take(wanted('a@one'))
  const beat = heartbeat(one, hosts)
  const two = workstation(hosts)
  await expect(two.lease.take(wanted('b@two'))).rejects.toMatchObject({
    kind: 'locked',
    message: expect.stringMatching(/a@one holds the run lab-chain-.* since 20.*epoch 1, and is at work/),
  })
  await beat.stop()
  expect(await two.lease.take(wanted('a@one', { holder: 'again', dead: ['of-a@one'] }))).toMatchObject({
    epoch: 2,
  })
  silentFor(hosts, 60)
  const three = workstation(hosts)
  expect(await three.lease.take(wanted('c@three'))).toMatchObject({ epoch: 3 })
})

test('a holder that is heard at every look is not waited for, though it is never seen silent', async () => {
  const hosts = localHosts(3)
  const one = workstation(hosts)
  await one.lease.take(wanted('a@one'))
  let looks = 0
  const time: Time = {
    ...realTime,
    // Just heard, each time somebody looks: 0 s silent at all of them.
    sleep: async (ms, signal) => {
      looks += 1
      await realTime.sleep(looks < 20 ? ms : 60_000, signal)
      await Promise.all(hosts.map((host, i) => (one.doors[i] as Remote).run(renewLease(dirOn(host)))))
    },
  }
  await expect(new Lease(placesOf(hosts), 2, newGuard(), time).take(wanted('b@two'))).rejects.toMatchObject({
    kind: 'locked',
    message: expect.stringContaining('a@one holds the run'),
  })
})

test('a silent holder is waited for, and taken over when its time is up', async () => {
  const hosts = localHosts(3)
  await workstation(hosts).lease.take(wanted('a@one'))
  silentFor(hosts, 12)
  const waits: number[] = []
  const two = workstation(hosts)
  await two.lease.take(wanted('b@two', { waiting: (_, seconds) => void waits.push(seconds) }))
  expect(waits).toHaveLength(1)
  expect(waits[0]).toBeLessThanOrEqual(4)
})

test('no majority, no lease; another run that has claimed the chain keeps this one away', async () => {
  const hosts = localHosts(3)
  const [one, two] = hosts as [LocalHost, LocalHost]
  one.down = true
  two.down = true
  await expect(workstation(hosts).lease.take(wanted('a@one'))).rejects.toMatchObject({ kind: 'unreachable' })
  one.down = false
  two.down = false
  await workstation(hosts).lease.take(wanted('a@one', { run: 'other-run' }))
  silentFor(hosts, 60)
  writeFileSync(join(one.evha, 'claim'), 'other-run a@one 2026-01-31T12:00:00Z\n')
  await expect(workstation(hosts).lease.take(wanted('b@two'))).rejects.toMatchObject({
    kind: 'locked',
    message: expect.stringContaining('node-1 is claimed by the run other-run'),
  })
  rmSync(join(one.evha, 'claim'))
  // It was through since, and the chain is a cluster: nothing of this run may begin on it.
  writeFileSync(join(one.evha, 'decision'), 'committed other-run 1 4\n')
  await expect(workstation(hosts).lease.take(wanted('b@two'))).rejects.toMatchObject({
    kind: 'blocked',
    message: 'node-1: the run other-run has already taken this chain to a cluster',
  })
  writeFileSync(join(one.evha, 'decision'), 'returned other-run 1 4\n')
  expect(await workstation(hosts).lease.take(wanted('b@two'))).toMatchObject({ epoch: 2 })
})

/** Old commands still come while the run is taken over; true when one of them had an effect after that. */
async function landsLate(guardOff: boolean): Promise<boolean> {
  const hosts = localHosts(3)
  const [host] = hosts as [LocalHost]
  const one = workstation(hosts)
  await one.lease.take(wanted('a@one'))
  const file = join(host.evha, 'effects')
  const door = guardOff ? host.remote : (one.doors[0] as Remote)
  let over = false
  let lost: unknown = null
  const sending = (async () => {
    while (!over && lost === null)
      await door.run(write(file, 'old')).catch((error: unknown) => (lost = error))
  })()
  await new Promise((resolve) => setTimeout(resolve, 200))
  const two = workstation(hosts)
  await two.lease.take(wanted('b@two', { dead: ['of-a@one'] }))
  const before = readFileSync(file, 'utf8')
  await new Promise((resolve) => setTimeout(resolve, 300))
  over = true
  await sending
  expect(before).toContain('old')
  if (!guardOff)
    expect(lost).toMatchObject({ kind: 'locked', message: expect.stringContaining('b@two holds the run') })
  return readFileSync(file, 'utf8') !== before
}

test('a command of an older epoch has no effect once the run was taken over; without the guard it has', async () => {
  expect(await landsLate(false)).toBe(false)
  expect(await landsLate(true)).toBe(true)
})

test('what the old holder still runs is ended, and proved gone, before the new one begins', async () => {
  const hosts = localHosts(3)
  const [host] = hosts as [LocalHost]
  const one = workstation(hosts)
  await one.lease.take(wanted('a@one'))
  const file = join(host.evha, 'late')
  // A copy that hangs: deaf to TERM, with a child, and an effect at its end.
  const copy = changes('copy', script('trap "" TERM\nsleep 20\nsleep 20\necho late > "$1"', file), {
    timeoutMs: 60_000,
  })
  const copying = (one.doors[0] as Remote).run(copy)
  await expect.poll(() => host.says).toContain('copy')
  await new Promise((resolve) => setTimeout(resolve, 300))
  const startedMs = Date.now()
  await workstation(hosts).lease.take(wanted('b@two', { dead: ['of-a@one'] }))
  expect(await copying).toMatchObject({ kind: 'finished' })
  expect(existsSync(file)).toBe(false)
  expect(Date.now() - startedMs).toBeLessThan(60_000)
})

test('a host that was away when the lease was taken gets it with its first command; one that knows no lease does not', async () => {
  const hosts = localHosts(3)
  const [, , third] = hosts as [LocalHost, LocalHost, LocalHost]
  await workstation(hosts).lease.take(wanted('a@one'))
  third.down = true
  const two = workstation(hosts)
  await two.lease.take(wanted('b@two', { dead: ['of-a@one'] }))
  third.down = false
  const door = two.doors[2] as Remote
  const file = join(third.evha, 'file')
  expect(await door.run(write(file, 'x'))).toMatchObject({ kind: 'finished', exitCode: 0 })
  expect(readFileSync(join(dirOn(third), 'holder'), 'utf8')).toMatch(/^2 of-b@two /)
  // The way back has removed evha's directory from every host: nobody wakes up and goes on.
  for (const { evha } of hosts) rmSync(evha, { recursive: true })
  await expect(door.run(write(file, 'y'))).rejects.toMatchObject({
    kind: 'locked',
    message: expect.stringContaining('node-3 knows no lease of this run any more'),
  })
  expect(existsSync(file)).toBe(false)
})

test('a host that can not be told of the lease says why; the run is not lost to anybody by that', async () => {
  const hosts = localHosts(3)
  const [, , third] = hosts as [LocalHost, LocalHost, LocalHost]
  third.down = true
  const one = workstation(hosts)
  await one.lease.take(wanted('a@one'))
  third.down = false
  // A file stands where evha's directory should be: nothing can be written there.
  writeFileSync(third.evha, '')
  await expect((one.doors[2] as Remote).run(write('/dev/null', 'x'))).rejects.toMatchObject({
    kind: 'failed',
    message: expect.stringContaining('node-3: the lease could not be taken there'),
  })
  expect(one.guard.lost).toBeNull()
})

test('released by hand, it is lost to its holder at the next beat, and free for the next one', async () => {
  const hosts = localHosts(3)
  const one = workstation(hosts)
  const held = await one.lease.take(wanted('a@one'))
  const beat = heartbeat(one, hosts)
  for (const host of hosts) await host.remote.run(releaseLease(dirOn(host), held))
  expect(standingOf(await readLeases(placesOf(hosts)))).toMatchObject({ released: true })
  await expect.poll(() => one.guard.lost, { timeout: 10_000 }).toMatchObject({ kind: 'locked' })
  await beat.stop()
  expect(await workstation(hosts).lease.take(wanted('b@two'))).toMatchObject({ epoch: 2 })
})

test('a beat does not write while somebody else releases or takes the lease', async () => {
  const hosts = localHosts(1)
  const [host] = hosts as [LocalHost]
  const { lease } = workstation(hosts)
  await lease.take(wanted('a@one'))
  const dir = dirOn(host)
  const heardAt = () => statSync(join(dir, 'alive')).ino
  const before = heardAt()
  const busy = spawn('flock', [join(dir, 'take'), 'sh', '-c', 'echo held; read -r line'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(busy.stdout, 'data')
  expect(await host.remote.run(renewLease(dir))).toMatchObject({ exitCode: 0 })
  expect(heardAt()).toBe(before)
  busy.stdin.end()
  await once(busy, 'close')
  expect(await host.remote.run(renewLease(dir))).toMatchObject({ exitCode: 0, stdout: 'heard\n' })
  expect(heardAt()).not.toBe(before)
})

test('the guard leaves words, input, output and exit code as they are', async () => {
  const hosts = localHosts(1)
  const { lease, doors } = workstation(hosts)
  await lease.take(wanted('a@one'))
  const echo = changes('echo', script('cat; printf "<%s>" "$@"; echo é >&2; exit 7', "it's", '', '$(x)'), {
    stdin: 'in\n',
  })
  expect(await (doors[0] as Remote).run(echo)).toMatchObject({
    exitCode: 7,
    stdout: "in\n<it's><><$(x)>",
    stderr: 'é\n',
  })
})

const unused: Guard = newGuard()
test('before a run is held its commands go as they are', async () => {
  const [host] = localHosts(1) as [LocalHost]
  const door = guarded(host.remote, dirOn(host), unused)
  expect(await door.run(readLease(dirOn(host)))).toMatchObject({ stdout: 'none\n-\n-\n' })
  expect(await door.run(changes('x', ['true']))).toMatchObject({ exitCode: 0 })
  expect(renewLease(dirOn(host)).mutates).toBe(true)
})
