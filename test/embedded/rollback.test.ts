import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { signedHeaders } from '../../src/lab/witness.ts'
import type { Report } from '../../src/run/api.ts'
import { confirm, driveWith, migrate, pause, withLab } from './lab.ts'

test('a rollback before finish goes on alone from the highest block, and nothing is signed twice', () =>
  withLab(3, async (lab) => {
    const unit = `${lab.root}/node-1/etc/systemd/system/ev-node.service`
    const before = readFileSync(unit, 'utf8')
    expect((await migrate(lab, 'cutover', 'commit')).code).toBe(4)

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
    await pause(1_000)
    const alone = signedHeaders(lab.root).filter((one) => one.host === 'node-1')
    expect(Math.max(...alone.map((one) => one.height))).toBeGreaterThan(highest)
    expect(lab.signedTwice()).toEqual([])
    expect(readFileSync(unit, 'utf8')).toBe(before)
    expect(existsSync(`${lab.root}/node-1/var/lib/ev-node/raft`)).toBe(false)
    expect(readdirSync(`${lab.root}/node-1/var/lib/evha/old`).some((name) => name.startsWith('raft'))).toBe(
      true,
    )
  }))

test('before the point of no return there is nothing to roll back; abort is named', () =>
  withLab(3, async (lab) => {
    expect((await migrate(lab)).code).toBe(4)
    const refused = await lab.evha('rollback', ...confirm(lab, 'rollback'))
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('evha abort')
  }))

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
