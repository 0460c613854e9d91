// Journals that earlier evhas really wrote, one for each way a run ends, recorded from the lab below
// test/fixtures/journals/VERSION-MACHINE/OUTCOME. Today's code replays them to the same end, or refuses them by name.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { viewOf } from '../../src/machine/decider.ts'
import { machineVersion } from '../../src/machine/migrate.ts'
import { graphHash, refuseForeignJournal } from '../../src/run/open-run.ts'
import { snapshotOf } from '../../src/run/rebuild.ts'
import { reportOf, statusOf } from '../../src/run/report.ts'
import { refusedBy } from '../journal/scratch.ts'
import { recordings, storedRun } from './recorded-run.ts'

/** Where each of them stood when it was recorded. */
const stood: Readonly<Record<string, readonly [state: string, outcome: string]>> = {
  waiting: ['gate.cutover', 'waiting'],
  aborted: ['aborted', 'aborted'],
  returned: ['window.returned', 'returned'],
  migrated: ['gate.finish', 'migrated'],
  rolledBack: ['rolledBack', 'rolledBack'],
  done: ['done', 'migrated'],
}

const recorded = readdirSync(recordings).flatMap((release) =>
  readdirSync(join(recordings, release)).map((outcome) => [release, outcome] as const),
)

test('there is one for each way a run ends', () => {
  for (const release of readdirSync(recordings))
    expect(readdirSync(join(recordings, release)).sort(), release).toEqual(Object.keys(stood).sort())
})

test.each(recorded)('%s: a run that ended %s', (release, outcome) => {
  const { stateDir, stored } = storedRun(release, outcome)
  const { header, files } = stored
  expect(release).toBe(`${header.evhaVersion}-machine-${header.machineVersion}`)
  if (header.machineVersion !== machineVersion) {
    const refusal = refusedBy(() => refuseForeignJournal(files, header, stored.runbook))
    expect(refusal).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(`begun by evha ${header.evhaVersion}`),
    })
    return
  }
  // The same machine by its number: sentences may have changed since, and with them its digest, but not where it leads.
  const view = viewOf(snapshotOf(stored))
  expect([view.path, reportOf(stateDir, header.run).outcome]).toEqual(stood[outcome])
  expect(statusOf(stateDir, header.run)).toMatchObject({ run: header.run, running: false })
  expect(view.context.failure).toBeNull()
  if (header.graphHash === graphHash()) refuseForeignJournal(files, header, stored.runbook)
  else
    expect(refusedBy(() => refuseForeignJournal(files, header, stored.runbook)).message).toContain(
      'another state machine',
    )
})
