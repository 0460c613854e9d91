import { expect, test } from 'vitest'
import { refuseUnstartable, refuseWithoutQuorum } from '../../../src/steps/gates/startable.ts'
import { readGround } from '../../../src/steps/prepare/ground.ts'
import type { StepContext } from '../../../src/steps/step.ts'
import { nodeIn } from '../host/locally.ts'

const room = 'free 1000000000 /d/home'
const noRoom = 'free 4096 /d/home'
const readOnly = 'readonly /d/home'
/** 127.0.0.11:5001 as the kernel writes it. */
const portTaken = `${room}\nlisten 0B00007F:1389`

/** Peers from node-2 on, each with what the look at it prints. */
function peersWith(...said: string[]) {
  const specs = said.map((_, k) => ({ ...nodeIn('/d'), name: `node-${k + 2}`, address: '127.0.0.11' }))
  const context = { peers: specs.map((spec) => ({ spec })) } as unknown as StepContext
  const looks = specs.map(({ name }, k) => [name, { ground: readGround(said[k] ?? '') }] as const)
  return { context, seen: Object.fromEntries(looks) }
}

test('before the chain stops every peer has room and its ports free', () => {
  const stop = (...said: string[]) => {
    const { context, seen } = peersWith(...said)
    refuseUnstartable(context, seen)
  }
  expect(() => stop(room, room)).not.toThrow()
  expect(() => stop(room, noRoom)).toThrow(
    expect.objectContaining({
      message: 'node-3: only 4096 bytes are free at /d/home',
      hint: expect.stringMatching(/^make room: .*; then `evha resume`$/),
    }),
  )
  expect(() => stop(readOnly, room)).toThrow('node-2: /d/home can not be written')
  expect(() => stop(portTaken, room)).toThrow(/^node-2: something listens on/)
})

test('before the commit one peer beside the warm ones is enough, and the warm ones hold their ports themselves', () => {
  const quorum = (...said: string[]) => {
    const { context, seen } = peersWith(...said)
    refuseWithoutQuorum(context, seen, ['node-2', 'node-3'])
  }
  expect(() => quorum(portTaken, portTaken, noRoom, room)).not.toThrow()
  expect(() => quorum(room, room, noRoom, portTaken)).toThrow(/^node-4: only 4096 bytes/)
  expect(() => quorum(room, noRoom, room, room)).toThrow(/^node-3: only 4096 bytes/)
})
