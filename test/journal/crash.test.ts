import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createJournal, openJournal } from '../../src/journal/journal.ts'
import { startChild } from './child.ts'
import { header } from './header.ts'
import { scratch } from './scratch.ts'

/** The numbers the child said were durable. */
function acknowledged(stdout: string): number[] {
  return stdout.split('\n').slice(0, -1).map(Number)
}

// n-th append of five: how many records were acknowledged, and how many may stand there.
test.each([
  ['journal.before-write', 1, 0, [0]],
  ['journal.before-write', 3, 2, [2]],
  ['journal.after-write', 1, 0, [1]],
  ['journal.after-write', 5, 4, [5]],
  ['journal.after-fsync', 2, 1, [2]],
  ['journal.after-fsync', 5, 4, [5]],
])('SIGKILL at %s, pass %i: what was acknowledged is there', async (point, pass, acked, standing) => {
  const dir = scratch()
  createJournal(dir, header).close()
  const ended = await startChild('appender.ts', [dir, '5'], { EVHA_CRASH_AT: `${point}#${pass}` }).ended
  expect(ended).toMatchObject({ signal: 'SIGKILL', stderr: '' })
  expect(acknowledged(ended.stdout)).toHaveLength(acked)
  const journal = openJournal(dir)
  expect(standing).toContain(journal.records.length - 1)
  expect(journal.append({ type: 'note', text: 'resumed' }).seq).toBe(journal.records.length - 1)
})

test('SIGKILL from outside at any moment loses nothing that was acknowledged', async () => {
  for (let round = 0; round < 4; round += 1) {
    const dir = scratch()
    createJournal(dir, header).close()
    const child = startChild('appender.ts', [dir, '5000', '20000'])
    for (let seen = 0; seen <= round * 5; seen += 1) await once(child.process.stdout ?? child.process, 'data')
    child.process.kill('SIGKILL')
    const last = acknowledged((await child.ended).stdout).at(-1) ?? 0
    const journal = openJournal(dir)
    expect(last).toBeGreaterThan(0)
    expect(journal.records.length - 1).toBeGreaterThanOrEqual(last)
    expect(journal.records.length - 1).toBeLessThanOrEqual(last + 1)
  }
})

test('a full disk leaves no half line behind, and what fits afterwards is taken', () => {
  const dir = scratch()
  createJournal(dir, header).close()
  const program = `
    import { openJournal } from ${JSON.stringify(join(import.meta.dirname, '../../src/journal/journal.ts'))}
    const journal = openJournal(process.argv[1])
    let refused = ''
    try { journal.append({ type: 'note', text: 'x'.repeat(100000) }) } catch (error) { refused = error.message }
    const { seq } = journal.append({ type: 'note', text: 'small' })
    process.stdout.write(JSON.stringify({ refused, seq }))`
  // A limit on the size of files: the kernel takes the first part of the write and refuses the rest.
  const shell = `trap '' XFSZ; ulimit -f 20; exec "$@"`
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program, dir]
  const ended = spawnSync('bash', ['-c', shell, 'bash', ...node], { encoding: 'utf8', timeout: 60_000 })
  expect(ended.stderr).toBe('')
  const { refused, seq } = JSON.parse(ended.stdout) as { refused: string; seq: number }
  expect(refused).toMatch(/cannot be written: EFBIG/)
  expect(seq).toBe(1)
  expect(openJournal(dir).setAside).toBeUndefined()
  expect(readFileSync(join(dir, 'journal.jsonl'), 'utf8').split('\n')).toHaveLength(3)
})
