import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Logger } from '../../../../src/lab/standin/logger.ts'
import type { Voter } from '../../../../src/lab/standin/raft/membership.ts'
import { RaftDir } from '../../../../src/lab/standin/raft/raft-dir.ts'
import type { Entry } from '../../../../src/lab/standin/raft/raft-log.ts'
import { RaftNode } from '../../../../src/lab/standin/raft/raft-node.ts'
import { withDir } from '../scratch-dir.ts'
import { until } from '../stand.ts'

const timing = { heartbeatMs: 350, electionMs: 1_000, leaseMs: 175, sendMs: 200 }

class Member {
  readonly voter: Voter
  readonly committed: Entry[] = []
  readonly node: RaftNode
  lost = false
  snapshot = 0

  constructor(voter: Voter, dir: string, snapshotThreshold: number) {
    this.voter = voter
    const logger = new Logger({ format: 'json', level: 'info', write: () => {} })
    this.node = new RaftNode(
      {
        self: voter,
        timing,
        dir: new RaftDir(dir, 3),
        snapshotThreshold,
        trailingLogs: 5,
        isolated: false,
        speed: 1,
        logger,
      },
      {
        onLeading: (leading) => {
          this.lost = this.lost || !leading
        },
        onCommitted: (entry) => this.committed.push(entry),
        onSnapshot: ({ index }) => {
          this.snapshot = index
        },
      },
    )
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as { port: number }
  await new Promise((closed) => server.close(closed))
  return port
}

async function withMembers(
  count: number,
  work: (members: Member[], restart: (member: Member) => Promise<Member>) => Promise<void>,
  snapshotThreshold = 1_000,
): Promise<void> {
  await withDir(async (dir) => {
    const voters: Voter[] = []
    for (let k = 1; k <= count; k += 1)
      voters.push({ id: `node-${k}`, address: `127.0.0.1:${await freePort()}` })
    const running = new Set<Member>()
    const start = async (voter: Voter) => {
      const member = new Member(voter, join(dir, voter.id), snapshotThreshold)
      running.add(member)
      await member.node.open()
      member.node.start(() => voters)
      return member
    }
    const members = await Promise.all(voters.map(start))
    const restart = async (member: Member) => {
      if (running.delete(member)) member.node.close()
      return start(member.voter)
    }
    try {
      await work(members, restart)
    } finally {
      for (const { node } of running) node.close()
    }
  })
}

const submitted = { header: 0, data: 0 }
const leaderAmong = (members: readonly Member[]) =>
  until('a leader', () => {
    const leaders = members.filter(({ node }) => node.isLeader)
    return leaders.length === 1 ? leaders[0] : undefined
  })
const note = (text: string) =>
  ({ kind: 'block', block: { header: { height: Number(text) } }, submitted }) as unknown as Parameters<
    RaftNode['propose']
  >[0]
const heights = ({ committed }: Member) =>
  committed.flatMap((entry) => (entry.kind === 'block' ? [entry.block.header.height] : []))

test('all members commit the same entries in the same order', () =>
  withMembers(3, async (members) => {
    const leader = await leaderAmong(members)
    for (const text of ['1', '2', '3']) await leader.node.propose(note(text))
    await leader.node.verifyLeader()
    for (const member of members)
      await until('all entries', () => (heights(member).length === 3 ? true : undefined))
    expect(members.map(heights)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ])
  }))

test('without a quorum nothing is committed and the leader steps down', () =>
  withMembers(3, async (members) => {
    const leader = await leaderAmong(members)
    await leader.node.propose(note('1'))
    for (const member of members) if (member !== leader) member.node.close()
    await expect(leader.node.propose(note('2'))).rejects.toThrow('leadership lost while committing log')
    expect(leader.lost).toBe(true)
    expect(heights(leader)).toEqual([1])
    await expect(leader.node.propose(note('3'))).rejects.toThrow('not the leader')
  }))

test('a leader that resigns is followed by a member that has everything', () =>
  withMembers(3, async (members) => {
    const leader = await leaderAmong(members)
    await leader.node.propose(note('1'))
    await leader.node.resign(20_000)
    expect(leader.node.isLeader).toBe(false)
    const next = await leaderAmong(members.filter((member) => member !== leader))
    await next.node.propose(note('2'))
    for (const member of members) await until('both', () => (heights(member).at(-1) === 2 ? true : undefined))
  }))

test('a member that was away gets what it lacks, by a snapshot where the log no longer has it', () =>
  withMembers(
    3,
    async (members, restart) => {
      const leader = await leaderAmong(members)
      const away = members.find((member) => member !== leader)
      if (away === undefined) throw new Error('no follower')
      await leader.node.propose(note('1'))
      away.node.close()
      for (let height = 2; height <= 60; height += 1) await leader.node.propose(note(String(height)))
      const back = await restart(away)
      await until('the newest entry', () =>
        heights(back).at(-1) === 60 || back.snapshot > 40 ? true : undefined,
      )
      await leader.node.propose(note('61'))
      await until('the entry after', () => (heights(back).at(-1) === 61 ? true : undefined))
      expect(back.snapshot).toBeGreaterThan(0)
    },
    10,
  ))

test('a member alone in its cluster leads at once', () =>
  withMembers(1, async (members) => {
    const leader = await leaderAmong(members)
    await leader.node.verifyLeader()
    await leader.node.propose(note('1'))
    expect(heights(leader)).toEqual([1])
  }))
