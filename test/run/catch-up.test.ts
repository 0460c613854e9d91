// The journal here against those on the hosts: what counts, what is set aside, and when nobody may go on.
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leaseDir } from '../../src/journal/lease-commands.ts'
import { encodeLine, lineHash } from '../../src/journal/line.ts'
import type { Entry } from '../../src/journal/record.ts'
import { catchUp } from '../../src/run/catch-up.ts'
import { realClock } from '../../src/run/clock.ts'
import { runDirOn } from '../../src/run/holding.ts'
import { beginRun, closeRun, type OpenRun, reopenRun } from '../../src/run/open-run.ts'
import { loadRunbook } from '../../src/runbook/load.ts'
import type { Host } from '../../src/steps/step.ts'
import { type LocalHost, localHosts } from '../journal/local-host.ts'
import { scratch } from '../journal/scratch.ts'

const runbook = loadRunbook(join(import.meta.dirname, '..', '..', 'runbooks', 'lab.yaml'))
const count = runbook.nodes.length

interface Ground {
  readonly run: OpenRun
  readonly local: readonly LocalHost[]
  readonly hosts: readonly Host[]
  readonly said: string[]
}

/** A run that has left its first look, held in epoch 1; with its first change begun, or not yet. */
function ground({ isChanging = true } = {}): Ground {
  const begun = beginRun(runbook, scratch(), ['migrate'])
  begun.journal.append({
    type: 'outcome',
    step: 'check',
    attempt: 1,
    ok: true,
    output: { chainId: 'lab-chain' },
  })
  begun.journal.append({ type: 'lease', epoch: 1, by: 'a@one' })
  if (isChanging) begun.journal.append({ type: 'intent', step: 'preparePeers', attempt: 1, key: 'x' })
  closeRun(begun)
  const run = reopenRun(begun.stateDir, begun.files.run)
  const local = localHosts(count)
  const hosts = local.map(({ remote, evha }, i) => {
    const spec = runbook.nodes[i] as Host['spec']
    return { spec: { ...spec, paths: { ...spec.paths, evha } }, remote: { ...remote, name: spec.name } }
  })
  return { run, local, hosts, said: [] }
}

function with_(lines: readonly string[], ...entries: Entry[]): readonly string[] {
  const all = [...lines]
  for (const entry of entries)
    all.push(encodeLine(all.length, lineHash(all.at(-1) ?? ''), '2026-01-31T12:00:00.000Z', entry))
  return all
}

function lay({ run, hosts }: Ground, which: readonly number[], lines: readonly string[]): void {
  for (const i of which) {
    const { spec } = hosts[i] as Host
    const dir = runDirOn(spec, run.files.run)
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'journal.jsonl'), lines.map((line) => `${line}\n`).join(''))
  }
}

const all = Array.from({ length: count }, (_, i) => i)
const note = (text: string): Entry => ({ type: 'note', text })
const caughtUp = ({ run, hosts, said }: Ground) =>
  catchUp(run, hosts, (text) => void said.push(text), realClock)
const aside = ({ run }: Ground) => readdirSync(run.files.dir).filter((name) => name.endsWith('.superseded'))

test('what the hosts have beyond this journal is taken over', async () => {
  const one = ground()
  const longer = with_(one.run.journal.lines, note('more'))
  lay(one, all, one.run.journal.lines)
  lay(one, [1], longer)
  const { run, known } = await caughtUp(one)
  expect(run.journal.lines).toEqual(longer)
  expect(readFileSync(run.files.journal, 'utf8')).toBe(longer.map((line) => `${line}\n`).join(''))
  expect(aside(one)).toEqual([])
  expect([...known.values()].sort()).toEqual([...all.slice(1).map(() => longer.length - 1), longer.length])
  expect(one.said.join('\n')).toMatch(/1 records that are not here .*: they are taken over/)
  expect(one.said.at(-1)).toMatch(
    /^known after \d+\.\d s from the journal and \d copies on the hosts: preparing the peers/,
  )
  closeRun(run)
})

/** A host without power: it does not even refuse. */
const mute = ({ hosts, ...one }: Ground, which: readonly number[]): Ground => ({
  ...one,
  hosts: hosts.map((host, i) =>
    which.includes(i)
      ? { ...host, remote: { ...host.remote, run: () => new Promise(() => undefined) } }
      : host,
  ),
})

test('hosts that say nothing at all are not waited for once a majority with node-1 has told what it keeps', async () => {
  const one = mute(ground(), [3, 4])
  lay(one, all, one.run.journal.lines)
  const { run, known } = await caughtUp(one)
  expect([...known.keys()]).toEqual(['node-1', 'node-2', 'node-3'])
  expect(one.said.at(-1)).toContain('and 3 copies on the hosts')
  closeRun(run)
})

test('before the commit nobody goes on without node-1: it is waited for, whoever else has answered', async () => {
  const one = ground()
  lay(one, all, one.run.journal.lines)
  let answer: () => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    answer = resolve
  })
  const [first, ...others] = one.hosts as [Host, ...Host[]]
  const slow: Host = {
    ...first,
    remote: {
      ...first.remote,
      run: (command, signal) => asked.then(() => first.remote.run(command, signal)),
    },
  }
  // The second for those that are late is begun, and called off, only where the others are enough.
  let begun = 0
  const clock = { ...realClock, after: () => () => void begun++ }
  const work = catchUp(one.run, [slow, ...others], (text) => void one.said.push(text), clock)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(one.said).toEqual([])
  answer()
  const { run, known } = await work
  expect([...known.keys()]).toEqual(one.hosts.map(({ spec }) => spec.name))
  expect(begun).toBe(0)
  closeRun(run)
})

test('a tail that nobody acknowledged is set aside once the run was held in a higher epoch', async () => {
  const one = ground()
  const there = with_(one.run.journal.lines, { type: 'lease', epoch: 2, by: 'b@two' }, note('theirs'))
  one.run.journal.append(note('ours, never sent'))
  const ours = readFileSync(one.run.files.journal)
  lay(one, all, there)
  const { run } = await caughtUp(one)
  expect(run.journal.lines).toEqual(there)
  const [kept = ''] = aside(one)
  expect(readFileSync(join(run.files.dir, kept))).toEqual(ours)
  expect(one.said.join('\n')).toMatch(/epoch 2 is newer than 1.*1 records of this one are set aside/)
  // And it can be gone on with.
  run.journal.append(note('next'))
  closeRun(run)
})

test('a tail that only goes on from what the hosts have stays: nobody else has held the run', async () => {
  const one = ground()
  lay(one, all, one.run.journal.lines)
  one.run.journal.append(note('ours, not sent yet'))
  const { run } = await caughtUp(one)
  expect(run.journal.records.at(-1)).toMatchObject({ text: 'ours, not sent yet' })
  expect(aside(one)).toEqual([])
  closeRun(run)
})

test('a journal that was cut off here is made whole from the hosts', async () => {
  const one = ground()
  const whole = one.run.journal.lines.slice()
  lay(one, all, whole)
  closeRun(one.run)
  truncateSync(one.run.files.journal, readFileSync(one.run.files.journal).indexOf('{"seq":3') + 30)
  const cut = { ...one, run: reopenRun(one.run.stateDir, one.run.files.run) }
  expect(cut.run.journal.lines).toHaveLength(3)
  const { run } = await caughtUp(cut)
  expect(run.journal.lines).toEqual(whole)
  closeRun(run)
})

test('two ways and no majority behind either: both are named, and nothing is changed', async () => {
  const one = ground()
  const base = one.run.journal.lines
  lay(one, all, base)
  lay(one, [0, 1], with_(base, note('left')))
  lay(one, [2], with_(base, note('right')))
  const before = readFileSync(one.run.files.journal)
  await expect(caughtUp(one)).rejects.toMatchObject({
    kind: 'contradiction',
    message: expect.stringMatching(/node-1 and the one on node-3 went different ways after line 4/),
  })
  expect(readFileSync(one.run.files.journal).equals(before)).toBe(true)
  expect(one.local.flatMap(({ says }) => says)).toEqual(all.map(() => 'read the copy of the journal'))
  closeRun(one.run)
})

test('node-1 must be among those that answer before the commit; without a majority nobody goes on', async () => {
  const one = ground()
  lay(one, all, one.run.journal.lines)
  const [source, second, third] = one.local as [LocalHost, LocalHost, LocalHost]
  source.down = true
  await expect(caughtUp(one)).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('node-1 must tell'),
  })
  source.down = false
  second.down = true
  third.down = true
  const { run } = await caughtUp(one)
  expect(run).toBe(one.run)
  source.down = true
  await expect(caughtUp(one)).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('3 of 5 hosts'),
  })
  closeRun(run)
})

test('a damaged copy is named and does not count; the others do', async () => {
  const one = ground()
  lay(one, all, one.run.journal.lines)
  const file = join(runDirOn((one.hosts[1] as Host).spec, one.run.files.run), 'journal.jsonl')
  writeFileSync(file, readFileSync(file, 'utf8').replace('lab-chain', 'lab-chaim'))
  const { run, known } = await caughtUp(one)
  expect(one.said[0]).toMatch(/line 1 of the journal node-2:.* is damaged.*laid anew/)
  expect(known.has('node-2')).toBe(false)
  closeRun(run)
})

test('a run that no host knows any more was ended elsewhere: nothing is begun on its old evidence', async () => {
  const one = ground()
  await expect(caughtUp(one)).rejects.toMatchObject({
    kind: 'contradiction',
    changedAnything: 'no',
    message: expect.stringMatching(
      /no host knows the run .* any more: it was aborted from another workstation/,
    ),
    hint: expect.stringMatching(/`mv .*`, and begin anew with `evha migrate RUNBOOK`/),
  })
  expect(one.local.flatMap(({ says }) => says)).toEqual(all.map(() => 'read the copy of the journal'))
  closeRun(one.run)
})

/** Killed before its first change; on the hosts stands a lease of the run that `ofRun` names, or none. */
function heldOnly(ofRun: ((own: string) => string) | null): Ground {
  const one = ground({ isChanging: false })
  for (const { spec } of ofRun === null ? [] : one.hosts) {
    const dir = leaseDir(spec.paths)
    mkdirSync(dir, { recursive: true })
    const line = `1 abc ${ofRun?.(one.run.files.run)} a@one 2026-01-31T12:00:00.000Z\n`
    writeFileSync(join(dir, 'holder'), line)
  }
  return one
}

test('a run that was only just held goes on while its lease stands; where that is gone too, it was ended elsewhere', async () => {
  const standing = heldOnly((own) => own)
  const { run } = await caughtUp(standing)
  expect(run.journal.lines).toEqual(standing.run.journal.lines)
  closeRun(run)
  for (const gone of [heldOnly(null), heldOnly(() => 'lab-chain-20260131T120001-zzzz')]) {
    await expect(caughtUp(gone)).rejects.toMatchObject({ kind: 'contradiction', changedAnything: 'no' })
    closeRun(gone.run)
  }
})

test('a run whose own last step took the copies away is gone on with', async () => {
  const one = ground()
  one.run.journal.append({ type: 'intent', step: 'tidy', attempt: 1, key: 'y' })
  const { run } = await caughtUp(one)
  expect(run.journal.records.at(-1)).toMatchObject({ step: 'tidy' })
  closeRun(run)
})
