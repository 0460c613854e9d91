import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RaftDir } from '../../../../src/lab/standin/raft/raft-dir.ts'
import { type Entry, RaftLog } from '../../../../src/lab/standin/raft/raft-log.ts'
import { withDir } from '../scratch-dir.ts'

const voters = [{ id: 'node-1', address: '127.0.0.1:1' }]
const noop = (index: number, term: number): Entry => ({ index, term, kind: 'noop' })
const first: Entry = { index: 1, term: 1, kind: 'configuration', voters }

function logWith(dir: string, ...entries: Entry[]): RaftLog {
  const log = new RaftLog(join(dir, 'raft-log.db'), undefined)
  for (const entry of entries) log.append(entry)
  return log
}

test('entries are there after a restart, a torn one is not', () =>
  withDir((dir) => {
    logWith(dir, first, noop(2, 2), noop(3, 2)).close()
    appendFileSync(join(dir, 'raft-log.db'), '{"index":4,"term":2,"ki')
    const log = new RaftLog(join(dir, 'raft-log.db'), undefined)
    expect([log.lastIndex, log.lastTerm]).toEqual([3, 2])
    expect(log.configuration).toEqual({ index: 1, voters })
    log.append(noop(4, 3))
    log.close()
    const again = new RaftLog(join(dir, 'raft-log.db'), undefined)
    expect(again.from(3, 10)).toEqual([noop(3, 2), noop(4, 3)])
    again.close()
  }))

test('a leader overwrites what another one left, and only that', () =>
  withDir((dir) => {
    const log = logWith(dir, first, noop(2, 2), noop(3, 2), noop(4, 2))
    expect(log.accept(2, 5, [noop(3, 5)])).toBe(false)
    expect(log.accept(9, 2, [])).toBe(false)
    expect(log.accept(1, 1, [noop(2, 2), noop(3, 2)])).toBe(true)
    expect(log.lastIndex).toBe(4)
    expect(log.accept(2, 2, [noop(3, 3)])).toBe(true)
    expect([log.lastIndex, log.lastTerm]).toEqual([3, 3])
    log.close()
    const again = new RaftLog(join(dir, 'raft-log.db'), undefined)
    expect(again.from(1, 10)).toEqual([first, noop(2, 2), noop(3, 3)])
    again.close()
  }))

test('a snapshot stands for what was cut off, over a restart', () =>
  withDir((dir) => {
    const raft = new RaftDir(dir, 2)
    raft.log.append(first)
    for (let index = 2; index <= 20; index += 1) raft.log.append(noop(index, 2))
    const snapshot = { index: 15, term: 2, voters, block: null }
    raft.save(snapshot)
    raft.log.compact(snapshot, 3)
    expect(raft.log.from(13, 2)).toEqual([noop(13, 2), noop(14, 2)])
    expect(raft.log.termAt(12)).toBe(2)
    expect(raft.log.termAt(11)).toBeUndefined()
    expect(raft.log.configuration.voters).toEqual(voters)
    raft.close()

    const again = new RaftDir(dir, 2)
    expect([again.log.lastIndex, again.log.snapshot.index, again.log.configuration.voters]).toEqual([
      20,
      15,
      voters,
    ])
    again.log.replaceBy({ index: 40, term: 4, voters, block: null })
    again.save({ index: 40, term: 4, voters, block: null })
    again.log.append(noop(41, 4))
    again.close()
    const last = new RaftDir(dir, 2)
    expect([last.log.lastIndex, last.log.termAt(40), last.log.entry(41)]).toEqual([41, 4, noop(41, 4)])
    last.close()
  }))

test('term and vote survive', () =>
  withDir((dir) => {
    const raft = new RaftDir(dir, 3)
    expect(raft.hasState).toBe(false)
    raft.stable.set(4, 'node-2')
    raft.close()
    const again = new RaftDir(dir, 3)
    expect([again.stable.term, again.stable.votedFor, again.hasState]).toEqual([4, 'node-2', true])
    again.close()
  }))
