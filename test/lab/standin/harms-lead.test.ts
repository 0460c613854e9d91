// Leaders that do harm or none of their work: a wrong key, a clock behind, a lease too tight, a silent stall.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSigner } from '../../../src/evnode/signer.ts'
import { nodeTiming, timingFor } from '../../../src/evnode/timing.ts'
import { hostFindings } from '../../../src/steps/prepare/findings.ts'
import { readSurvey } from '../../../src/steps/prepare/survey.ts'
import { nodeIn } from '../../steps/host/locally.ts'
import { bootstrapAll, chainFor, startAll } from './chain.ts'
import { copyData } from './copy-chain.ts'
import {
  type Env,
  heightOf,
  memberFlags,
  type Place,
  placeFor,
  reaches,
  rpcOf,
  type Scratch,
  singleFlags,
  until,
  withScratch,
} from './stand.ts'

/** Node-1 leads, and only it: the others wait ten times as long for a leader before they campaign. */
async function ledByFirst(
  scratch: Scratch,
  prepare: (others: readonly Place[]) => Promise<void>,
  env: Env = {},
) {
  const { places, last } = await chainFor(scratch, 3)
  const [first, ...others] = places
  if (first === undefined) throw new Error('no place')
  await prepare(others)
  await bootstrapAll(scratch, places)
  const patient = ['--evnode.raft.heartbeat_timeout', '4s', '--evnode.raft.election_timeout', '4s']
  const followers = others.map((place) =>
    scratch.start(place.home, [...memberFlags(place, places), ...patient], env),
  )
  const [leader] = startAll(scratch, [first], places)
  if (leader === undefined) throw new Error('no leader')
  await leader.until('produced', ({ height }) => height > last)
  await Promise.all(others.map((place) => reaches(place, last + 2)))
  return { first, others, leader, followers }
}

test('a wrong key is found only when its node leads; evha compares it with the proposer of the chain before', () =>
  withScratch(async (scratch) => {
    const stranger = await scratch.newHome('stranger')
    const signer = (home: string) => join(home, 'config', 'signer.json')
    const { first, others, leader, followers } = await ledByFirst(scratch, async (others) => {
      for (const { home } of others) execFileSync('cp', [signer(stranger), signer(home)])
    })
    const state = await rpcOf(first).state()
    const proposer = state.kind === 'ok' ? state.value.nextProposerAddress : ''
    const addresses = [first, ...others].map(
      ({ home }) => readSigner(readFileSync(signer(home), 'utf8')).proposerAddress,
    )
    expect(addresses.map((address) => address === proposer)).toEqual([true, false, false])
    // They have followed without a word; the leader hands over to one of them.
    expect(followers.map(({ isUp }) => isUp)).toEqual([true, true])
    expect(await leader.stop()).toBe(1)
    const died = await Promise.any(followers.map(async (node) => ({ code: await node.ended(), node })))
    expect(died.code).toBe(1)
    // It does not say what hinders it (seen); explain-log names the key among the causes.
    expect(died.node.last).toBe('leader lock lost')
  }))

test('a leader whose clock is behind halts the chain; evha refuses such a host', () =>
  withScratch(async (scratch) => {
    const behindMs = -60_000
    const env = { EVHA_STANDIN_CLOCK_MS: String(behindMs) }
    const { others, leader, followers } = await ledByFirst(scratch, () => Promise.resolve(), env)
    expect(await leader.stop()).toBe(1)
    const halted = await until('a leader that halts', () =>
      followers.find((node) =>
        node.stderr.includes('CRITICAL: Permanent block validation error - halting block production'),
      ),
    )
    // It goes on leading, and makes no block.
    expect(halted.produced).toEqual([])
    expect(halted.isUp).toBe(true)
    const leads = await Promise.all(others.map((place) => rpcOf(place).raftNode()))
    expect(leads.some((role) => role.kind === 'ok' && role.value.isLeader)).toBe(true)

    const { spec, survey } = { spec: nodeIn(scratch.dir), survey: readSurvey('tar gnu\npassphrase there') }
    expect(hostFindings(spec, survey, behindMs).map(({ level }) => level)).toEqual(['blocks'])
    expect(hostFindings(spec, survey, -200)).toEqual([])
  }))

/** The longest silence of this test's busy hosts. */
const busyMs = 80

/** True when a leader lost its lease while the hosts of its followers were busy now and then. */
async function losesLease(
  scratch: Scratch,
  places: readonly Place[],
  flags: readonly string[],
): Promise<boolean> {
  const nodes = places.map((place) => scratch.start(place.home, [...memberFlags(place, places), ...flags]))
  const lost = () => nodes.some((node) => node.last === 'leader lock lost')
  await until('a leader', () => lost() || nodes.some((node) => node.produced.length > 0) || undefined)
  for (let turn = 0; turn < 10 && !lost(); turn += 1) {
    const led = nodes.findIndex((node) => node.events.some(({ kind }) => kind === 'leading'))
    await Promise.all(nodes.map((node, k) => (k === led ? undefined : node.freeze(busyMs))))
    await new Promise((passed) => setTimeout(passed, busyMs))
  }
  const answer = lost()
  await Promise.all(nodes.map((node) => node.kill()))
  return answer
}

test("the guide's example of timeouts kills leaders on busy hosts; those of evha outlast the same silence", () =>
  withScratch(async (scratch) => {
    const { places } = await chainFor(scratch, 3)
    await bootstrapAll(scratch, places)
    const guide = ['heartbeat=92', 'leader_lease=46', 'election=368'].map((one) => {
      const [name = '', ms = ''] = one.split('=')
      return `--evnode.raft.${name}_timeout=${ms}ms`
    })
    expect(await losesLease(scratch, places, [...guide, '--evnode.raft.send_timeout=50ms'])).toBe(true)
    // The example is for a round trip of 23 ms; evha's lease for the same stays above that silence.
    expect(timingFor(23)).toMatchObject({ leaseMs: nodeTiming.leaseMs })
    expect(nodeTiming.leaseMs).toBeGreaterThan(2 * busyMs)
    expect(await losesLease(scratch, places, [])).toBe(false)
  }))

test('a leader elected while it still waits for peers stalls without a word; with the peers evha writes it does not', () =>
  withScratch(async (scratch) => {
    const { places, last } = await chainFor(scratch, 3)
    const [first] = places
    if (first === undefined) throw new Error('no place')
    // A full node that stays behind, and that is all these members know of the world outside of Raft.
    const behind = await placeFor(await scratch.peerOf(first.home, 'behind'), 'behind')
    scratch.start(behind.home, [...singleFlags(behind), '--evnode.node.block_time', '1h'])
    await reaches(behind, last)
    await bootstrapAll(scratch, places)
    const before = startAll(scratch, places, places)
    await Promise.all(places.map((place) => reaches(place, last + 2)))
    const led = before.findIndex((node) => node.events.some(({ kind }) => kind === 'leading'))
    await Promise.all(before.map((node) => node.stop()))
    const newest = places[led]?.home ?? ''
    for (const { home } of places) if (home !== newest) copyData(newest, home)
    const head = Number(/current height (\d+)/.exec((await scratch.offline(newest)).last)?.[1])

    const [, foreign = ''] =
      memberFlags(first, [first, behind])
        .join(' ')
        .match(/p2p\.peers (\S+)/) ?? []
    const nodes = places.map((place) =>
      scratch.start(place.home, [...memberFlags(place, places), '--evnode.p2p.peers', foreign], {
        EVHA_STANDIN_SPEED: '1',
      }),
    )
    const leader = await until('a leader', () =>
      nodes.find((node) => node.events.some(({ kind }) => kind === 'leading')),
    )
    const others = nodes.filter((node) => node !== leader)
    for (const node of others) await node.until('waitingForPeers')
    await leader.kill()
    const stalled = await until('the next leader', () =>
      others.find((node) => node.events.some(({ kind }) => kind === 'leading')),
    )
    const place = places[nodes.indexOf(stalled)]
    if (place === undefined) throw new Error('no place of the next leader')
    await new Promise((passed) => setTimeout(passed, 3_000))
    expect(await rpcOf(place).raftNode()).toMatchObject({ kind: 'ok', value: { isLeader: true } })
    expect(await heightOf(place)).toBe(head)
    expect(stalled.isUp).toBe(true)
    expect(stalled.events.at(-1)?.kind).not.toBe('fatal')

    // What evha writes names every member as a peer. The cure of a stall is to start that process again.
    await Promise.all(others.map((node) => node.kill()))
    startAll(scratch, places, places)
    await Promise.all(places.map((one) => reaches(one, head + 2)))
  }))
