// What a peer keeps to itself until it is started in earnest, found while the chain still runs, or too late.
import { expect, test } from 'vitest'
import { steps } from '../../src/steps/registry.ts'
import type { StepContext } from '../../src/steps/step.ts'
import { andThen, driveWith, type Lab, withLab } from './lab.ts'

const passphrase = 'etc/ev-node/passphrase'

/** Which run of the old sequencer's process this is, and how it stands: it changes when the chain was stopped. */
const sequencer = async (lab: Lab) =>
  (await lab.on('node-1', 'systemctl show ev-node.service --property=InvocationID,ActiveState')).stdout

test('a wrong passphrase on a peer: found by the trial start while the chain runs; without that, by an outage', () =>
  withLab(3, async (lab) => {
    const before = await sequencer(lab)
    expect(before).toContain('ActiveState=active')
    const spoil = async () => {
      const spoiled = await lab.on('node-2', `cp ${passphrase} tmp/right && echo another > ${passphrase}`)
      expect(spoiled.code, spoiled.stderr).toBe(0)
    }
    await spoil()
    const found = await driveWith(lab, {})
    expect(found.outcome).toBe('failed')
    expect(found.failure?.message).toMatch(/node-2: the node does not start: .*wrong passphrase/)
    expect(await sequencer(lab)).toBe(before)
    expect((await lab.evha('abort')).code).toBe(5)
    expect(await sequencer(lab)).toBe(before)

    // The trial start does not see it: the file is spoiled just after.
    await lab.on('node-2', `cat tmp/right > ${passphrase}`)
    const late = await driveWith(lab, { smoke: { apply: andThen(steps.smoke.apply, spoil) } })
    expect(late.outcome, late.failure?.message).toBe('returned')
    const after = await sequencer(lab)
    expect(after).toContain('ActiveState=active')
    // The chain stood still meanwhile: another process makes its blocks now.
    expect(after).not.toBe(before)
    expect(lab.signedTwice()).toEqual([])
    // The test's own copy of the passphrase is no leak of evha's.
    await lab.on('node-2', 'rm tmp/right')
  }))

test('a sequencer that ends uncleanly in the window: the stop does not count, and it makes blocks again', () =>
  withLab(3, async (lab) => {
    const killed = {
      stopSource: {
        apply: async (context: StepContext) => {
          await lab.on('node-1', 'systemctl kill --signal=SIGKILL ev-node.service')
          return steps.stopSource.apply(context)
        },
      },
    }
    const end = await driveWith(lab, killed)
    expect(end.outcome, end.failure?.message).toBe('returned')
    expect(end.failure?.message).toMatch(/node-1: .*(is failed after the stop|stopped with exit)/)
    expect(await sequencer(lab)).toContain('ActiveState=active')
    expect(lab.signedTwice()).toEqual([])
  }))
