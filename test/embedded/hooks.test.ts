import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readJournal } from '../../src/journal/read-journal.ts'
import { findRun } from '../../src/journal/runs.ts'
import { confirm, migrate, withLab } from './lab.ts'

test('a failing hook stops before the window; inside it a hook that never ends costs the chain nothing', () =>
  withLab(3, async (lab) => {
    const hook = join(lab.stateDir, 'hook')
    const mended = join(lab.stateDir, 'mended')
    writeFileSync(
      hook,
      `#!/bin/sh
echo "$EVHA_HOOK $EVHA_HOOK_TIMES $EVHA_STATE $EVHA_CHAIN_STOPPED \${EVHA_OUTCOME-}" >>${lab.stateDir}/calls
case $EVHA_HOOK in
  beforeCutover) test -e ${mended} || { echo 'clients are not drained'; exit 1; } ;;
  chainStopped) sleep 300 ;;
  migrated) echo "$EVHA_LAST_OLD_HEIGHT $EVHA_FIRST_CLUSTER_HEIGHT $EVHA_GAP_MS" >${lab.stateDir}/figures ;;
esac
`,
    )
    chmodSync(hook, 0o755)
    const points = [
      'started',
      'prepared',
      'beforeCutover',
      'windowOpened',
      'chainStopped',
      'producing',
      'migrated',
      'finished',
      'ended',
    ]
    const lines = points.map((point) => `  ${point}: ${hook}\n`).join('')
    writeFileSync(lab.runbook, `${readFileSync(lab.runbook, 'utf8')}hooks:\n  timeoutSeconds: 40\n${lines}`)

    const stopped = await migrate(lab, 'cutover', 'commit', 'finish')
    expect(stopped.code, stopped.stderr).toBe(1)
    expect(stopped.stderr).toContain('the hook beforeCutover ended with exit 1: clients are not drained')
    expect(stopped.report).toMatchObject({ state: 'gate.cutover', lastOldHeight: null })
    expect((await lab.on('node-1', 'systemctl is-active ev-node.service')).stdout).toBe('active\n')

    writeFileSync(mended, '')
    const gone = await lab.evha('resume', '--json', ...confirm(lab, 'cutover', 'commit', 'finish'))
    expect(gone.code, gone.stderr).toBe(0)
    const report = JSON.parse(gone.stdout)
    expect(report).toMatchObject({ outcome: 'migrated', nodesVoting: 3 })
    expect(gone.stderr).toContain('the hook beforeCutover runs again, the 2. time: last it ended with exit 1')
    expect(gone.stderr).toContain('the hook chainStopped took too long and was killed; the run goes on')
    expect(readFileSync(join(lab.stateDir, 'figures'), 'utf8')).toBe(
      `${report.lastOldHeight} ${report.firstClusterHeight} ${report.gapMs}\n`,
    )
    const calls = readFileSync(join(lab.stateDir, 'calls'), 'utf8').trim().split('\n')
    expect(calls.map((call) => call.trim())).toEqual([
      'started 1 check no',
      'prepared 1 gate.cutover no',
      'beforeCutover 1 gate.cutover no',
      'ended 1 gate.cutover no failed',
      'beforeCutover 2 gate.cutover no',
      'windowOpened 1 window.arm no',
      'chainStopped 1 window.sync yes',
      'producing 1 commit.rest no',
      'migrated 1 gate.finish no',
      'finished 1 done no',
      'ended 2 done no migrated',
    ])
    // The cluster produced while the hook still slept: nothing waited for it.
    const { records } = readJournal(findRun(lab.stateDir).dir)
    const at = (found: (record: (typeof records)[number]) => boolean) => records.findIndex(found)
    const produced = at((record) => record.type === 'outcome' && record.step === 'startQuorum')
    const killed = at(
      (record) => record.type === 'hook' && record.hook === 'chainStopped' && record.end !== null,
    )
    expect(produced).toBeGreaterThan(0)
    expect(killed).toBeGreaterThan(produced)
    expect(lab.signedTwice()).toEqual([])
    expect(existsSync(join(findRun(lab.stateDir).dir, 'control'))).toBe(false)
  }))
