import { readJournal } from '../../src/journal/read-journal.ts'
import type { JournalRecord } from '../../src/journal/record.ts'
import { findRun } from '../../src/journal/runs.ts'
import type { RunEvent } from '../../src/machine/decider.ts'
import { keyAsidePath } from '../../src/steps/host/key-aside.ts'
import { signerPath } from '../../src/steps/host/unit-files.ts'
import { weighs } from './approvals.ts'
import { heightOf, type Store } from './chain.ts'
import { authorizedKeys } from './direct.ts'
import { mount } from './disk.ts'
import type { Workstation } from './evha.ts'
import { followed } from './followed.ts'
import type { Sim } from './sim.ts'

const quiet = { writes: () => null, synced: () => undefined, dead: false }

/** The state the run is in, read from its files by nobody in particular. */
export function finalState(sim: Sim, { disk }: Workstation): { path: string; says: string; final: boolean } {
  return followed(sim, disk)?.view ?? { path: 'nothing', says: 'no run was begun', final: false }
}

/** What must hold of a run that is at its end. */
export async function judgeEnd(sim: Sim, workstation: Workstation): Promise<void> {
  const { path } = finalState(sim, workstation)
  judgeJournal(sim, workstation)
  // A node that was to come back comes back, a leader is found; then the chain must go on.
  await settle(sim, 45_000)
  const before = highest(sim)
  await settle(sim, 12_000)
  for (const height of sim.chain.signedTwice()) sim.judge.say(`height ${height} is signed twice`)
  if (path === 'needsHuman') return sim.judge.say('a human is needed although every host is there')
  judgeKeys(sim, path)
  const writers = sim.nodes().filter((node) => node.writes)
  if (writers.length !== 1) sim.judge.say(`at the end ${writers.length} processes write, in ${path}`)
  if (highest(sim) <= before) sim.judge.say(`at the end the chain stands still at ${before}, in ${path}`)
  const [writer] = writers
  if (writer !== undefined) judgeBlocks(sim, writer.store)
  if ((path === 'done' || path === 'gate.finish') && writer?.isSingle === true)
    sim.judge.say(`it says migrated, and a single sequencer runs`)
  if (
    (path === 'aborted' || path === 'rolledBack' || path === 'window.returned') &&
    writer?.isSingle === false
  )
    sim.judge.say(`it says ${path}, and a cluster runs`)
}

/** The key of the run and what it opened are gone wherever the run came to its end; the sequencer's is in its place. */
function judgeKeys(sim: Sim, path: string): void {
  const { source } = sim
  if (!source.files.exists(signerPath(source.spec)) || source.files.exists(keyAsidePath(source.spec)))
    sim.judge.say(`at the end, in ${path}, the key of ${source.name} is not in its place`)
  for (const { files, name } of sim.hosts) {
    if (files.read(authorizedKeys) !== 'ssh-ed25519 operator\n')
      sim.judge.say(`at the end, in ${path}, the login keys of ${name} are not what they were`)
    if ([...files.all().keys()].some((file) => file.includes('/seed/')))
      sim.judge.say(`at the end, in ${path}, a key of the run is left on ${name}`)
  }
}

const highest = (sim: Sim): number => Math.max(0, ...sim.chain.signed.keys())

async function settle(sim: Sim, ms: number): Promise<void> {
  let over = false
  sim.timeline.in(ms, () => {
    over = true
  })
  await sim.timeline.until(() => over || sim.judge.broken.length > 0, ms + 1)
}

/** Every block that was ever signed is part of the chain that goes on. */
function judgeBlocks(sim: Sim, store: Store | null): void {
  const kept = new Set<string>()
  for (let at = store; at !== null; at = at.below) kept.add(at.top.hash)
  for (const [height, blocks] of sim.chain.signed)
    if (height <= heightOf(store))
      for (const block of blocks)
        if (!kept.has(block.hash)) sim.judge.say(`block ${height} of ${block.by} is lost`)
  if (highest(sim) > heightOf(store)) sim.judge.say(`the chain goes on below block ${highest(sim)}`)
}

/** The journal's chain is whole, and what it tells could have been so. */
function judgeJournal(sim: Sim, { disk }: Workstation): void {
  const { path, free } = mount(disk, quiet)
  try {
    const { records } = readJournal(findRun(path).dir)
    judgeApprovals(sim, records)
  } catch (thrown) {
    sim.judge.say(`the journal can not be read: ${String(thrown)}`)
  } finally {
    free()
  }
}

/** An approval counts only for what this process has weighed since it took the run up. */
function judgeApprovals(sim: Sim, records: readonly JournalRecord[]): void {
  let weighed = new Set<string>()
  for (const record of records) {
    if (record.type === 'resumed') weighed = new Set()
    if (record.type === 'outcome' && record.ok) weighed.add(record.step)
    if (record.type !== 'event') continue
    const event = record.event as unknown as RunEvent
    if (event.type === 'NEXT_ATTEMPT') weighed = new Set()
    if (event.type === 'APPROVE' && !weighed.has(weighs[event.gate]))
      sim.judge.say(
        `an approval of ${event.gate} counts although nothing was weighed since the run was taken up`,
      )
  }
}
