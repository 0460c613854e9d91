import { expect, test } from 'vitest'
import { stuck } from '../../src/steps/ask.ts'
import { steps } from '../../src/steps/registry.ts'
import { driveWith, filesOf, type Lab, migrate, pause, withLab } from './lab.ts'

test('abort at the cutover gate removes keys, units and its own directory; the chain never stopped', () =>
  withLab(3, async (lab) => {
    const before = filesOf(lab)
    expect((await migrate(lab)).code).toBe(4)
    const aborted = await lab.evha('abort', '--json')
    expect(aborted.code, aborted.stderr).toBe(5)
    expect(JSON.parse(aborted.stdout)).toMatchObject({ outcome: 'aborted', state: 'aborted' })

    const after = filesOf(lab)
    const added = [...after.keys()].filter((path) => !before.has(path))
    expect(added).toEqual([
      'node-2/var/lib/ev-node/config/genesis.json',
      'node-2/var/lib/ev-node/config/node_key.json',
      'node-3/var/lib/ev-node/config/genesis.json',
      'node-3/var/lib/ev-node/config/node_key.json',
    ])
    expect([...before.keys()].filter((path) => after.get(path) !== before.get(path))).toEqual([])
    const shown = await lab.on(
      'node-1',
      'systemctl show ev-node.service --property=ActiveState,NRestarts,DropInPaths,NeedDaemonReload',
    )
    expect(shown.stdout).toBe('ActiveState=active\nNRestarts=0\nDropInPaths=\nNeedDaemonReload=no\n')
    expect(await advances(lab)).toBe(true)

    const again = await migrate(lab, 'cutover', 'commit', 'finish')
    expect(again.report.outcome, again.stderr).toBe('migrated')
    expect(lab.signedTwice()).toEqual([])
  }))

test('a failure inside the window brings the old sequencer back by itself; the next attempt migrates', () =>
  withLab(3, async (lab) => {
    const failsOnce = { warmPeers: { apply: () => Promise.reject(stuck('node-2: taken away by the test')) } }
    const end = await driveWith(lab, failsOnce)
    expect(end).toMatchObject({ outcome: 'returned', exitCode: 5 })
    expect(end.failure?.message).toBe('node-2: taken away by the test')
    expect(await advances(lab)).toBe(true)
    for (const peer of ['node-2', 'node-3'])
      expect((await lab.on(peer, 'systemctl is-active ev-node.service')).code).toBe(3)

    const resumed = await lab.evha(
      'resume',
      '--json',
      '--confirm',
      `cutover=${lab.chain}`,
      '--confirm',
      `commit=${lab.chain}`,
    )
    expect(JSON.parse(resumed.stdout), resumed.stderr).toMatchObject({
      outcome: 'migrated',
      attempt: 2,
      nodesVoting: 3,
    })
    expect(lab.signedTwice()).toEqual([])
  }))

test('a commit that is declined goes back; nothing was signed twice', () =>
  withLab(3, async (lab) => {
    const declined = await migrate(lab, 'cutover')
    expect(declined.code, declined.stderr).toBe(5)
    expect(declined.report).toMatchObject({ outcome: 'returned', firstClusterHeight: null })
    expect(declined.report.lastOldHeight).toBeGreaterThan(0)
    expect(await advances(lab)).toBe(true)
    expect(lab.signedTwice()).toEqual([])
  }))

test('every step of the way back is the undo of a step of the way there', () => {
  for (const name of ['arm', 'fence', 'stopSource', 'warmPeers', 'copySigner', 'preparePeers'] as const)
    expect('undo' in steps[name], name).toBe(true)
})

async function advances(lab: Lab): Promise<boolean> {
  const height = async () =>
    Number((await lab.on('node-1', 'tail -n 1 var/log/signed.log')).stdout.match(/"height":(\d+)/)?.[1] ?? 0)
  const before = await height()
  for (let tries = 0; tries < 300; tries++) {
    await pause(100)
    if ((await height()) > before) return true
  }
  return false
}
