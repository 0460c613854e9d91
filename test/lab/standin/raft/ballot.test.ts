import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeCandidate, type VoterState } from '../../../../src/lab/standin/raft/ballot.ts'
import type { VoteRequest } from '../../../../src/lab/standin/raft/messages.ts'

const voters = ['a', 'b', 'c'].map((id) => ({ id, address: `${id}:1` }))
const own: VoterState = { term: 3, votedFor: '', lastIndex: 10, lastTerm: 3, leader: '', voters }
const request: VoteRequest = {
  type: 'vote',
  pre: false,
  term: 4,
  candidate: 'a',
  address: 'a:1',
  lastIndex: 10,
  lastTerm: 3,
  transfer: false,
}

test('a vote goes to whose log is not behind, once a term', () => {
  expect(judgeCandidate(request, own)).toBe('granted')
  expect(judgeCandidate({ ...request, lastIndex: 9 }, own)).toBe('refused')
  expect(judgeCandidate({ ...request, lastIndex: 99, lastTerm: 2 }, own)).toBe('refused')
  expect(judgeCandidate({ ...request, lastIndex: 1, lastTerm: 4 }, own)).toBe('granted')
  expect(judgeCandidate({ ...request, term: 2 }, own)).toBe('refused')
  const voted = { ...own, term: 4, votedFor: 'b' }
  expect(judgeCandidate(request, voted)).toBe('refused')
  expect(judgeCandidate({ ...request, candidate: 'b' }, voted)).toBe('granted')
  expect(judgeCandidate({ ...request, term: 5 }, voted)).toBe('granted')
})

test('who has a leader votes for nobody else, unless the leader handed over', () => {
  const led = { ...own, leader: 'b' }
  expect(judgeCandidate(request, led)).toBe('hasLeader')
  expect(judgeCandidate({ ...request, pre: true }, led)).toBe('hasLeader')
  expect(judgeCandidate({ ...request, transfer: true }, led)).toBe('granted')
  expect(judgeCandidate({ ...request, candidate: 'stranger' }, own)).toBe('refused')
})

test('no two candidates get the votes of one node in one term', () => {
  const candidate = fc.record({
    candidate: fc.constantFrom('a', 'b', 'c'),
    lastIndex: fc.nat(20),
    lastTerm: fc.nat(5),
    term: fc.nat(8),
  })
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 30 }), (candidates) => {
      let state = own
      const given = new Map<number, string>()
      for (const one of candidates) {
        const vote = judgeCandidate({ ...request, ...one }, state)
        if (one.term > state.term) state = { ...state, term: one.term, votedFor: '' }
        if (vote !== 'granted') continue
        expect(given.get(one.term) ?? one.candidate).toBe(one.candidate)
        given.set(one.term, one.candidate)
        state = { ...state, votedFor: one.candidate }
      }
    }),
  )
})
