import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LogReader, type LogStory } from '../../src/evnode/log-story.ts'
import { fixture } from './fixture.ts'

function storyOf(text: string): LogStory {
  const reader = new LogReader()
  for (const line of text.split('\n')) reader.add(line)
  return reader.story()
}

const says = (story: LogStory) => story.happenings.map((one) => one.says)

test('a single sequencer from its start to a clean stop', () => {
  const story = storyOf(fixture('logs/single-start-to-clean-stop.jsonl'))
  expect(story).toMatchObject({ starts: 1, produced: { from: 11, to: 20, count: 10 }, producedTwice: [] })
  expect(says(story)).toEqual([
    'opened RPC on 127.0.0.9:7331',
    'opened its store at height 10',
    'produced blocks 11 to 20',
    'was told to stop',
    'stopped cleanly',
  ])
  expect(story.next).toBe('the node was stopped cleanly: start it when it shall run')
})

test('the third node of a cluster that becomes its leader', () => {
  const story = storyOf(fixture('logs/raft-leader-third-node-start.jsonl'))
  expect(says(story)).toEqual(
    expect.arrayContaining(['won the election of term 2', 'leads', 'produced blocks 15 to 17']),
  )
  expect(story.next).toContain('it works at the end of this log')
})

test('a follower takes over blocks', () => {
  const story = storyOf(fixture('logs/raft-follower-warm-pair.jsonl'))
  expect(says(story).at(-1)).toBe('took over blocks 15 to 19 from the others')
  expect(story).toMatchObject({ produced: null, errors: [] })
})

test("a late joiner's crash loop is named, with its cure as what to do next", () => {
  const story = storyOf(fixture('logs/raft-late-joiner-crash-loop.log'))
  expect(story.errors).toHaveLength(1)
  expect(story.errors[0]).toMatchObject({
    prevented: true,
    cause: expect.stringContaining('not bootstrapped'),
  })
  expect(story.next).toBe(story.errors[0]?.cure)
})

test('a death on re-election before the first block is told as what passes by itself', () => {
  const story = storyOf(fixture('logs/raft-reelected-before-first-block-crash.jsonl'))
  expect(says(story).at(-1)).toContain("signed header's Header is nil")
  expect(story.next).toContain('nothing: the service starts it again')
})

test('a stale leader: the refused broadcasts are explained', () => {
  const story = storyOf(fixture('logs/raft-stale-leader.jsonl'))
  expect(story.errors.map(({ count, cure }) => [count > 1, cure])).toEqual([
    [true, expect.stringContaining('compare the hash of that height on all nodes')],
  ])
  expect(story.unexplained).toEqual([])
})

test('flags without their error: more of the log is asked for', () => {
  const story = storyOf(fixture('logs/raft-follower-dies-on-fork.log'))
  expect(story.next).toContain('the line `Error: …` stands above them')
})

test('the journal with other programs in it', () => {
  const story = storyOf(fixture('logs/journalctl-and-systemctl-show.txt'))
  expect(story.foreign).toBeGreaterThan(0)
  expect(says(story)).toContain('opened its store at height 0')
})

test('the journal in JSON is read the same, bytes included', () => {
  const lines = fixture('logs/single-start-to-clean-stop.jsonl').trim().split('\n')
  const journal = lines.map((line, index) =>
    JSON.stringify({
      __REALTIME_TIMESTAMP: String(1_795_000_000_000_000 + index * 1_000_000),
      MESSAGE: index % 2 === 0 ? line : [...Buffer.from(line)],
    }),
  )
  const story = storyOf(journal.join('\n'))
  expect(says(story)).toEqual(says(storyOf(lines.join('\n'))))
  expect(story.fromMs).toBe(1_795_000_000_000)
})

test('a height produced twice stands above all else', () => {
  const produced = (height: number) => JSON.stringify({ level: 'info', height, message: 'produced block' })
  const story = storyOf([10, 11, 12, 11, 12].map(produced).join('\n'))
  expect(story.producedTwice).toEqual([11, 12])
  expect(story.next).toContain('stop every node')
})

test('an unknown error is shown once with its count, whatever numbers it carries', () => {
  const wrong = (n: number) =>
    JSON.stringify({ level: 'error', message: 'frobnication failed', error: `at ${n}` })
  const story = storyOf([1, 22, 333].map(wrong).join('\n'))
  expect(story.unexplained).toEqual([{ line: 'frobnication failed: at 1', count: 3 }])
})

test('a long log is told in bounded space', () => {
  const turns = Array.from({ length: 2_000 }, (_, n) => [
    JSON.stringify({ level: 'info', message: 'starting leader operations' }),
    JSON.stringify({ level: 'info', message: 'produced block', height: n + 1 }),
    JSON.stringify({ level: 'error', message: `oddity ${'x'.repeat(n % 700)}` }),
  ])
  const story = storyOf(turns.flat().join('\n'))
  expect(story.happenings.length).toBe(80)
  expect(story.leftOut).toBe(4_000 - 80)
  expect(story.unexplained.length).toBeLessThanOrEqual(20)
})

test('whatever a file holds, it is read without a stumble', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          fc.json(),
          fc
            .record({ level: fc.string(), message: fc.string(), height: fc.anything(), error: fc.anything() })
            .map((value) => JSON.stringify(value)),
          fc
            .record({ __REALTIME_TIMESTAMP: fc.anything(), MESSAGE: fc.anything() })
            .map((v) => JSON.stringify(v)),
        ),
      ),
      (lines) => {
        const reader = new LogReader()
        for (const line of lines) reader.add(line)
        const story = reader.story()
        expect(story.lines).toBeLessThanOrEqual(lines.length)
        expect(story.next).not.toBe('')
      },
    ),
  )
})
