import { expect, test } from 'vitest'
import type { DaClient } from '../../../src/evnode/da.ts'
import { recording } from '../../../src/remote/recording.ts'
import { daFindings } from '../../../src/steps/prepare/da-findings.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { nodeIn } from '../host/locally.ts'

type Head = Awaited<ReturnType<DaClient['localHead']>>

const answers: Head = { kind: 'ok', value: 7 }

/** DA as each host hears it, in the order of the names. */
function look(heads: readonly Head[], address: string) {
  const nodes = heads.map(
    (_, k): Host => ({
      spec: { ...nodeIn('/d'), name: `node-${k + 1}` },
      remote: recording(`node-${k + 1}`),
    }),
  )
  const da = (host: Host): DaClient => ({
    localHead: async () => heads[nodes.indexOf(host)] ?? answers,
    headerBlobs: () => Promise.reject(new Error('not asked for')),
  })
  const context: Partial<StepContext> = { nodes, da }
  return daFindings(context as StepContext, address)
}

test('a host that DA does not answer is told; one that is refused for want of a token has reached it', async () => {
  const heads: Head[] = [
    answers,
    { kind: 'refused', status: 401, message: 'no token' },
    { kind: 'timeout', afterMs: 3_000 },
  ]
  expect(await look(heads, 'http://192.0.2.30:7980')).toMatchObject([
    {
      host: 'node-3',
      level: 'warns',
      what: 'DA does not answer it on 192.0.2.30:7980',
      cure: 'open TCP 7980 to 192.0.2.30 for this host, and see that DA runs',
    },
  ])
})

test('a DA of loopback is a matter of each host; nothing is said when all have one, nor of what the URL holds', async () => {
  const [found] = await look(
    [answers, { kind: 'closed', why: 'refused' }],
    'http://user:secret@127.0.0.1:7980',
  )
  expect(found?.cure).toMatch(/^every host needs a DA node of its own there/)
  expect(JSON.stringify(found)).not.toContain('secret')
  expect(await look([answers, answers], 'http://127.0.0.1:7980')).toEqual([])
})
