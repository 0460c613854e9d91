import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Report } from '../../src/run/api.ts'
import { peakMbIn, tellsPeak } from '../peak-memory.ts'
import { confirm, evha, withLab } from './lab.ts'

/** It takes about 100 here, and may take 150 on real hosts. */
const memoryMaxMb = 140

/** To five nodes it goes in test/openssh, over real sshds. */
const sizes = process.env['EVHA_TEST_TIER'] === 'nightly' ? ([3, 5, 7] as const) : ([3, 7] as const)

test.each(sizes)('a live chain goes from one sequencer to %i nodes', (nodes) =>
  withLab(nodes, async (lab) => {
    const gates = confirm(lab, 'cutover', 'commit', 'finish')
    const command = ['migrate', lab.runbook, '--json', ...gates, '--state-dir', lab.stateDir]
    const { code, stdout, stderr } = await evha(command, undefined, tellsPeak)
    expect(code, stderr).toBe(0)
    expect(peakMbIn(stderr)).toBeLessThan(memoryMaxMb)
    const report = JSON.parse(stdout) as Report
    expect(report).toMatchObject({
      outcome: 'migrated',
      chain: lab.chain,
      standIn: true,
      nodesVoting: nodes,
      nodesTotal: nodes,
      hashContinuity: true,
      forks: [],
    })
    expect(report.firstClusterHeight).toBe((report.lastOldHeight ?? 0) + 1)
    expect(report.gapMs).toBeGreaterThan(0)
    expect(report.ownOverheadMs).toBeLessThan(report.gapMs ?? 0)
    expect(report.bytesSeeded).toBeGreaterThan(0)
    expect(report.approvals.map((approval) => approval.gate)).toEqual(['cutover', 'commit', 'finish'])
    expect(lab.signedTwice()).toEqual([])
    await everyNodeIsPermanent(nodes, lab)
    await reportOutlivesTheLab(report, lab)
  }),
)

type Lab = Parameters<Parameters<typeof withLab>[1]>[0]

/** After finish each unit is enabled, carries the assertion itself, and refuses to start without its permit. */
async function everyNodeIsPermanent(nodes: number, lab: Lab): Promise<void> {
  for (let k = 1; k <= nodes; k++) {
    const shown = await lab.on(
      `node-${k}`,
      'systemctl show ev-node.service --property=UnitFileState,ActiveState,DropInPaths',
    )
    expect(shown.stdout).toBe('UnitFileState=enabled\nActiveState=active\nDropInPaths=\n')
    const unit = readFileSync(`${lab.root}/node-${k}/etc/systemd/system/ev-node.service`, 'utf8')
    expect(unit).toMatch(/^AssertPathExists=\|.*\/permits\/raft$/m)
  }
}

async function reportOutlivesTheLab(report: Report, lab: Lab): Promise<void> {
  await lab.evha('lab', 'down')
  const again = await lab.evha('report', '--json')
  expect(JSON.parse(again.stdout)).toMatchObject({
    run: report.run,
    outcome: 'migrated',
    gapMs: report.gapMs,
  })
  const file = join(lab.stateDir, 'report.html')
  expect(await lab.evha('report', '--html', file)).toMatchObject({ code: 0, stdout: `${file}\n` })
  const lanes = readFileSync(file, 'utf8').split('<div class="lane">').slice(1)
  expect(lanes).toHaveLength(report.nodesTotal)
  // Every node was seen to grow, with the gap marked beside it.
  for (const lane of lanes) expect(lane).toMatch(/class="gap" x="[\d.]+".*class="line" d="M[^"]*[VL]/s)
  const resumed = await lab.evha('resume', report.run)
  expect(resumed.code).toBe(0)
}
