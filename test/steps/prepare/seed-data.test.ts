import { expect, test } from 'vitest'
import { recording } from '../../../src/remote/recording.ts'
import type { Outcome, Remote } from '../../../src/remote/remote.ts'
import { seedData } from '../../../src/steps/prepare/seed-data.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { nodeIn } from '../host/locally.ts'

function peer(name: string, active: string): Host {
  const shown: Outcome = {
    kind: 'finished',
    exitCode: 0,
    stdout: `LoadState=loaded\nActiveState=${active}\n`,
    stderr: '',
    truncated: false,
    durationMs: 1,
  }
  const remote: Remote = { ...recording(name), run: () => Promise.resolve(shown) }
  return { spec: { ...nodeIn('/d'), name }, remote }
}

const precheck = (...peers: Host[]) => seedData.precheck({ peers } as Partial<StepContext> as StepContext)

test('a peer that runs before its seed is refused, and the operator is told what to type where', async () => {
  const { unit } = nodeIn('/d')
  await expect(precheck(peer('node-2', 'inactive'), peer('node-3', 'active'))).rejects.toMatchObject({
    message: `node-3: ${unit} runs; a seed is never copied under a running node`,
    hint: expect.stringContaining(`\`systemctl disable --now ${unit}\` on node-3, then \`evha resume\``),
  })
})

test('peers at rest are seeded', async () => {
  await expect(precheck(peer('node-2', 'inactive'), peer('node-3', 'failed'))).resolves.toBeUndefined()
})
