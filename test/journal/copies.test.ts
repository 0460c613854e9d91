import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { JournalCopies } from '../../src/journal/copies.ts'
import { createJournal, type Journal, openJournal } from '../../src/journal/journal.ts'
import { mustBeMajority, readCopies } from '../../src/journal/read-copies.ts'
import { header } from './header.ts'
import { type LocalHost, localHosts } from './local-host.ts'
import { refusedBy, scratch } from './scratch.ts'

const runbook = 'chain: lab-chain # ü\n'
const dirOn = ({ evha }: LocalHost) => join(evha, 'runs', header.run)
const fileOn = (host: LocalHost) => join(dirOn(host), 'journal.jsonl')
const placesOf = (hosts: readonly LocalHost[]) =>
  hosts.map((host) => ({ remote: host.remote, dir: dirOn(host) }))

function begun(count: number): { journal: Journal; hosts: LocalHost[]; copies: JournalCopies } {
  const journal = createJournal(scratch(), header)
  const hosts = localHosts(count)
  const quorum = Math.floor(count / 2) + 1
  return { journal, hosts, copies: new JournalCopies(journal, runbook, placesOf(hosts), quorum) }
}

const note = (journal: Journal, text: string) => journal.append({ type: 'note', text })

test('once it is kept, a majority has the journal byte for byte, and all have it a moment later', async () => {
  const { journal, hosts, copies } = begun(3)
  for (const text of ['é', 'x'.repeat(20_000), "it's $(date) `date` \\n"]) {
    note(journal, text)
    await copies.kept()
    const bytes = readFileSync(journal.path)
    const have = hosts.filter((host) => existsSync(fileOn(host)) && readFileSync(fileOn(host)).equals(bytes))
    expect(have.length).toBeGreaterThanOrEqual(2)
  }
  note(journal, 'nobody waits for this one')
  for (const host of hosts)
    await expect
      .poll(() => readFileSync(fileOn(host), 'utf8'), { timeout: 5_000 })
      .toBe(readFileSync(journal.path, 'utf8'))
  for (const host of hosts) expect(readFileSync(join(dirOn(host), 'runbook.yaml'), 'utf8')).toBe(runbook)
  // Laid once, then only appended to; the lines that nobody waited for travelled together.
  for (const host of hosts) expect(host.says.filter((says) => says === 'lay the journal')).toHaveLength(1)
  const read = await readCopies(header.run, placesOf(hosts))
  expect(read.map((copy) => copy.kind === 'whole' && copy.content.lines.length)).toEqual([5, 5, 5])
})

test('a minority may be out of reach; without a majority nothing goes on, and the missing are named', async () => {
  const { journal, hosts, copies } = begun(5)
  const [one, two, three] = hosts as [LocalHost, LocalHost, LocalHost]
  one.down = true
  two.down = true
  note(journal, 'three of five')
  await copies.kept()
  three.down = true
  note(journal, 'two of five')
  await expect(copies.kept()).rejects.toMatchObject({
    kind: 'unreachable',
    changedAnything: 'no',
    message: expect.stringMatching(/only 2 of 5 hosts keep the journal, 3 must: node-1 .*node-2 .*node-3 /),
  })
  three.down = false
  await copies.kept()
  one.down = false
  note(journal, 'one is back')
  await copies.settle(5_000)
  expect(readFileSync(fileOn(one), 'utf8')).toBe(readFileSync(journal.path, 'utf8'))
})

const spoiled: readonly (readonly [what: string, spoil: (path: string) => void, kept: boolean])[] = [
  ['torn in its last line', (path) => truncateSync(path, readFileSync(path).length - 7), false],
  ['without its last newline', (path) => truncateSync(path, readFileSync(path).length - 1), false],
  ['longer by half a line', (path) => appendFileSync(path, '{"seq":3,"what'), true],
  ['gone', (path) => rmSync(path), false],
  [
    'edited to the same length',
    (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('as it should', 'as it could ')),
    true,
  ],
]

test.each(spoiled)('a copy that is %s is laid anew', async (_what, spoil, kept) => {
  const { journal, hosts, copies } = begun(3)
  note(journal, 'as it should be')
  note(journal, 'and so is the second')
  await copies.settle(5_000)
  const [first] = hosts as [LocalHost]
  spoil(fileOn(first))
  note(journal, 'one more')
  await copies.kept()
  await copies.settle(5_000)
  expect(readFileSync(fileOn(first), 'utf8')).toBe(readFileSync(journal.path, 'utf8'))
  expect(readdirSync(dirOn(first)).includes('journal.jsonl.superseded')).toBe(kept)
})

test('a journal that is gone on with only sends what is new', async () => {
  const { journal, hosts, copies } = begun(3)
  note(journal, 'before')
  await copies.settle(5_000)
  await copies.stop()
  journal.close()
  const again = openJournal(join(journal.path, '..'))
  const known = new Map(hosts.map(({ remote }) => [remote.name, again.lines.length]))
  const next = new JournalCopies(again, runbook, placesOf(hosts), 2, known)
  for (const host of hosts) host.says.length = 0
  note(again, 'after')
  await next.kept()
  await next.settle(5_000)
  for (const host of hosts) {
    expect(host.says).toEqual(['keep the journal'])
    expect(readFileSync(fileOn(host), 'utf8')).toBe(readFileSync(again.path, 'utf8'))
  }
})

test('once stopped, nothing brings a directory back that was removed', async () => {
  const { journal, hosts, copies } = begun(3)
  note(journal, 'before')
  await copies.kept()
  await copies.stop()
  for (const { evha } of hosts) rmSync(evha, { recursive: true })
  note(journal, 'after')
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(hosts.filter(({ evha }) => existsSync(evha))).toEqual([])
})

test('a copy with a flipped byte, of another run, or torn away whole is not believed', async () => {
  const { journal, hosts, copies } = begun(5)
  note(journal, 'one')
  await copies.settle(5_000)
  const [one, two, three, four] = hosts as [LocalHost, LocalHost, LocalHost, LocalHost]
  writeFileSync(fileOn(one), readFileSync(fileOn(one), 'utf8').replace('"one"', '"two"'))
  const other = createJournal(scratch(), { ...header, run: 'lab-chain-20260131T120001-zzzz' })
  writeFileSync(fileOn(two), readFileSync(other.path))
  truncateSync(fileOn(three), 20)
  four.down = true
  const read = await readCopies(header.run, placesOf(hosts))
  expect(read.map(({ kind }) => kind)).toEqual(['damaged', 'damaged', 'damaged', 'silent', 'whole'])
  expect(read[0]).toMatchObject({ why: expect.stringMatching(/line 2 of the journal node-1:.* is damaged/) })
  expect(read[1]).toMatchObject({
    why: expect.stringContaining('is the journal of the run lab-chain-20260131T120001-zzzz'),
  })
  const refusal = refusedBy(() => mustBeMajority(read, 3, []))
  expect(refusal).toMatchObject({
    kind: 'contradiction',
    message: expect.stringContaining('node-4 does not answer'),
  })
  expect(refusedBy(() => mustBeMajority(read, 1, ['node-1'])).message).toContain('node-1 must tell')
})
