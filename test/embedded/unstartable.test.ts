// A peer that makes the quorum and can not be started: seen before the point of no return, or the chain stands still.
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { steps } from '../../src/steps/registry.ts'
import type { StepContext } from '../../src/steps/step.ts'
import { nextBlockOf } from './chain.ts'
import { andThen, driveWith, type Replaced, withLab } from './lab.ts'

const soonMs = 15_000

/** Somebody's program on the Raft port of node-3, from the proof on: the round that is made while the warm nodes start can see it. */
function portTaken(): { taken: Replaced; take(context: StepContext): Promise<void>; free(): Promise<void> } {
  const listening: Server[] = []
  const free = async () => {
    for (const server of listening.splice(0)) {
      server.close()
      await once(server, 'close')
    }
  }
  onTestFinished(free)
  const take = async ({ peers }: StepContext) => {
    const last = peers.at(-1)?.spec
    const server = createServer((socket) => socket.destroy()).listen(last?.raftPort, last?.address)
    listening.push(server)
    await once(server, 'listening')
  }
  return { taken: { proveEqual: { apply: andThen(steps.proveEqual.apply, take) } }, take, free }
}

test('a port that the last needed peer lost inside the window: back, the old sequencer goes on', () =>
  withLab(3, async (lab) => {
    const end = await driveWith(lab, portTaken().taken)
    expect(end, end.failure?.message).toMatchObject({ outcome: 'returned', exitCode: 5 })
    expect(end.failure?.message).toMatch(/^node-3: something listens on \S+ already$/)
    expect(end.failure?.hint).toMatch(/^ss -ltnp .*; then `evha resume`$/)
    expect(await nextBlockOf(lab, 'node-1', soonMs)).not.toBeNull()
    expect(lab.signedTwice()).toEqual([])
  }))

test('without that look the decision falls, no quorum can be made, and the chain stands still', () =>
  withLab(3, async (lab) => {
    const { taken, take, free } = portTaken()
    const unseen = <T>(look: (context: StepContext) => Promise<T>) => {
      return async (context: StepContext): Promise<T> => {
        await free()
        const seen = await look(context)
        await take(context)
        return seen
      }
    }
    const end = await driveWith(lab, {
      ...taken,
      weighCommit: { verify: unseen((context) => steps.weighCommit.verify(context)) },
      decide: { apply: unseen((context) => steps.decide.apply(context)) },
    })
    expect(end, end.failure?.message).toMatchObject({ outcome: 'failed', exitCode: 1 })
    expect(end.failure?.message).toContain('no peer could be started to make the quorum')
    expect(await nextBlockOf(lab, 'node-1', 3_000)).toBeNull()
    expect(lab.signedTwice()).toEqual([])
  }))
