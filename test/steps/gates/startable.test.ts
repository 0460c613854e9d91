import { expect, test } from 'vitest'
import { recording } from '../../../src/remote/recording.ts'
import { refuseUnstartable, refuseWithoutQuorum } from '../../../src/steps/gates/startable.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { nodeIn } from '../host/locally.ts'

const room = 'free 1000000000 /d/home'
const noRoom = 'free 4096 /d/home'
const readOnly = 'readonly /d/home'
/** 127.0.0.11:5001 as the kernel writes it. */
const portTaken = `${room}\nlisten 0B00007F:1389`

/** Peers from node-2 on, each with what the look at it prints. */
function contextWith(...said: string[]): StepContext {
  const peers = said.map((stdout, k): Host => {
    const name = `node-${k + 2}`
    return {
      spec: { ...nodeIn('/d'), name, address: '127.0.0.11' },
      remote: recording(name, () => ({ stdout: `${stdout}\n` })),
    }
  })
  const context: Partial<StepContext> = { peers }
  return context as StepContext
}

test('before the chain stops every peer has room and its ports free', async () => {
  await expect(refuseUnstartable(contextWith(room, room))).resolves.toBeUndefined()
  await expect(refuseUnstartable(contextWith(room, noRoom))).rejects.toMatchObject({
    message: 'node-3: only 4096 bytes are free at /d/home',
    hint: expect.stringMatching(/^make room: .*; then `evha resume`$/),
  })
  await expect(refuseUnstartable(contextWith(readOnly, room))).rejects.toThrow(
    'node-2: /d/home can not be written',
  )
  await expect(refuseUnstartable(contextWith(portTaken, room))).rejects.toThrow(
    /^node-2: something listens on/,
  )
})

test('before the commit one peer beside the warm ones is enough, and the warm ones hold their ports themselves', async () => {
  const warm = ['node-2', 'node-3']
  const quorum = (...said: string[]) => refuseWithoutQuorum(contextWith(...said), warm)
  await expect(quorum(portTaken, portTaken, noRoom, room)).resolves.toBeUndefined()
  await expect(quorum(room, room, noRoom, portTaken)).rejects.toThrow(/^node-4: only 4096 bytes/)
  await expect(quorum(room, noRoom, room, room)).rejects.toThrow(/^node-3: only 4096 bytes/)
})
