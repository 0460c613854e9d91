import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { signedHeaders } from '../../src/lab/witness.ts'
import type { Report } from '../../src/run/api.ts'
import { lastSigned } from './chain.ts'
import { confirm, driveWith, type Lab, migrate, withLab } from './lab.ts'

test('gate by gate: nothing goes on without an approval, what comes too early or too late is refused, and a rollback before finish goes on alone from the highest block', () =>
  withLab(3, async (lab) => {
    const unit = `${lab.root}/node-1/etc/systemd/system/ev-node.service`
    const before = readFileSync(unit, 'utf8')
    await goesOnWhenApproved(lab, await waitsForCutover(lab))
    await isTooLateToAbort(lab)
    await rollsBack(lab)
    expect(readFileSync(unit, 'utf8')).toBe(before)
    expect(existsSync(`${lab.root}/node-1/var/lib/ev-node/raft`)).toBe(false)
    expect(readdirSync(`${lab.root}/node-1/var/lib/evha/old`).some((name) => name.startsWith('raft'))).toBe(
      true,
    )
  }))

/** Without an approval the chain runs on; there is nothing to roll back, and abort is named. Returns the printed command. */
async function waitsForCutover(lab: Lab): Promise<string[]> {
  const waiting = await migrate(lab)
  expect(waiting.code).toBe(4)
  expect(waiting.report).toMatchObject({ outcome: 'waiting', state: 'gate.cutover', lastOldHeight: null })
  expect(waiting.stderr).toContain(waiting.report.next ?? 'no command')
  expect((await lab.on('node-1', 'systemctl is-active ev-node.service')).stdout).toBe('active\n')
  const refused = await lab.evha('rollback', ...confirm(lab, 'rollback'))
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('evha abort')
  return (waiting.report.next ?? '').split(' ').slice(1)
}

/** Cutover and commit are approved by the printed command; finish is not, and is waited for. */
async function goesOnWhenApproved(lab: Lab, printed: readonly string[]): Promise<void> {
  const words = printed.filter((word, i) => word !== '--state-dir' && printed[i - 1] !== '--state-dir')
  const gone = await lab.evha(...words, '--json')
  expect(gone.code, gone.stderr).toBe(4)
  expect(JSON.parse(gone.stdout)).toMatchObject({
    outcome: 'migrated',
    state: 'gate.finish',
    nodesVoting: 3,
  })
  expect(lab.signedTwice()).toEqual([])
}

async function isTooLateToAbort(lab: Lab): Promise<void> {
  const late = await lab.evha('abort', '--json')
  expect(late.code).toBe(2)
  expect(late.stderr).toContain('point of no return')
  expect(JSON.parse(late.stdout)).toMatchObject({ outcome: 'migrated', state: 'gate.finish' })
}

async function rollsBack(lab: Lab): Promise<void> {
  const asked = await lab.evha('rollback', '--json')
  expect(asked.code, asked.stderr).toBe(4)
  expect((JSON.parse(asked.stdout) as Report).state).toBe('gate.rollback')
  expect((await lab.on('node-2', 'systemctl is-active ev-node.service')).code).toBe(0)

  const highest = Math.max(...signedHeaders(lab.root).map((one) => one.height))
  const back = await lab.evha('rollback', '--json', ...confirm(lab, 'rollback'))
  expect(back.code, back.stderr).toBe(5)
  expect(JSON.parse(back.stdout)).toMatchObject({ outcome: 'rolledBack', state: 'rolledBack' })
  for (const peer of ['node-2', 'node-3']) {
    const shown = await lab.on(peer, 'systemctl show ev-node.service --property=ActiveState,UnitFileState')
    expect(shown.stdout, peer).toMatch(/^ActiveState=(inactive|failed)\nUnitFileState=disabled\n$/)
    expect((await lab.on(peer, 'systemctl start ev-node.service')).code, peer).toBe(1)
  }
  await expect.poll(() => lastSigned(lab), { timeout: 30_000 }).toBeGreaterThan(highest)
  expect(lab.signedTwice()).toEqual([])
}

test('a rollback from before the source has joined ends the guard of its store, and gets to a new block', () =>
  withLab(3, async (lab) => {
    const stuck = await driveWith(lab, {
      startRest: {
        precheck: () =>
          Promise.reject(
            new EvhaError({
              kind: 'failed',
              message: 'the test says so',
              changedAnything: 'no',
              retryable: false,
              hint: '',
            }),
          ),
      },
    })
    expect(stuck).toMatchObject({ outcome: 'failed', exitCode: 1 })
    const guard = await lab.on('node-1', 'flock -n var/lib/ev-node/data/testapp true')
    expect(guard.code, 'the guard holds the store').toBe(1)
    const back = await lab.evha('rollback', '--json', ...confirm(lab, 'rollback'))
    expect(back.code, back.stderr).toBe(5)
    expect(JSON.parse(back.stdout)).toMatchObject({ outcome: 'rolledBack' })
    expect(lab.signedTwice()).toEqual([])
  }))
