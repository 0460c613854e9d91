// A state directory on a full disk: named, nothing done, exit 2.
import { expect, test } from 'vitest'
import { exitCodeOf } from '../../src/cli/exit-codes.ts'
import { beginRun, closeRun, reopenRun } from '../../src/run/open-run.ts'
import { refusedBy } from '../journal/scratch.ts'
import { Disk, installDisks, mount } from './disk.ts'
import { runbookOf } from './sim.ts'

installDisks()

function stateOn(disk: Disk): { readonly path: string; full: boolean } {
  const state = { path: '', full: false }
  const watcher = {
    writes: () => (state.full ? ({ kind: 'full', keeps: 0 } as const) : null),
    synced: () => undefined,
    dead: false,
  }
  state.path = mount(disk, watcher).path
  return state
}

/** Files with something in them: a full disk takes names, and no bytes. */
const filled = ({ files }: Disk): string[] =>
  [...files].flatMap(([name, { size }]) => (size > 0 ? [name] : []))

test('nothing is begun, nothing is resumed, and what was there stays as it was', () => {
  const disk = new Disk()
  const state = stateOn(disk)
  state.full = true
  const before = filled(disk)
  const first = refusedBy(() => beginRun(runbookOf(3), state.path, ['migrate']))
  expect(first.message).toContain('ENOSPC')
  expect([exitCodeOf(first), first.changedAnything]).toEqual([2, 'no'])
  expect(filled(disk)).toEqual(before)

  state.full = false
  const run = beginRun(runbookOf(3), state.path, ['migrate'])
  closeRun(run)
  const kept = disk.text(run.files.journal.slice(state.path.length))
  state.full = true
  const again = refusedBy(() => reopenRun(state.path, run.files.run))
  expect(again.message).toContain('ENOSPC')
  expect([exitCodeOf(again), again.changedAnything]).toEqual([2, 'no'])
  expect(disk.text(run.files.journal.slice(state.path.length))).toBe(kept)
})
