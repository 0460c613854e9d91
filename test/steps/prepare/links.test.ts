import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { EvhaError } from '../../../src/base/errors.ts'
import { recording } from '../../../src/remote/recording.ts'
import type { Remote } from '../../../src/remote/remote.ts'
import { linkFindings, seedingFindings } from '../../../src/steps/prepare/links.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { nodeIn } from '../host/locally.ts'

/** What an sshd answers for each link, by `FROM>ADDRESS:PORT`; everything else is refused by the other host. */
function contextWith(said: Readonly<Record<string, string | 'open' | 'silence'>>): StepContext {
  const hosts = [1, 2, 3].map((k): Host => {
    const name = `node-${k}`
    const tunnel: Remote['tunnel'] = async ({ host, port }) => {
      const answer = said[`${name}>${host}:${port}`] ?? 'Connection refused'
      if (answer === 'open') return new PassThrough()
      if (answer === 'silence') return new Promise(() => undefined)
      throw new EvhaError({
        kind: 'failed',
        message: `${name} does not get through to ${host}:${port}: ${answer}`,
        changedAnything: 'no',
        retryable: true,
        hint: '',
      })
    }
    return {
      spec: { ...nodeIn('/d'), name, address: `192.0.2.${k}` },
      remote: { ...recording(name), tunnel },
    }
  })
  const [source] = hosts
  if (source === undefined) throw new Error('no hosts')
  const context: Partial<StepContext> = {
    runbook: { copy: { via: 'auto' } } as StepContext['runbook'],
    nodes: hosts,
    source,
    // The wait of a link, at once: nobody here answers late.
    sleep: () => new Promise((resolve) => setTimeout(resolve, 50)),
  }
  return context as StepContext
}

const look = (said: Readonly<Record<string, string>>) => linkFindings(contextWith(said), () => 7676)

test('a port that refuses and one that answers are links that work', async () => {
  expect(await look({ 'node-1>192.0.2.2:5001': 'open' })).toEqual([])
})

test.each(['silence', 'Connection timed out', 'No route to host'])(
  'a firewall between two hosts only is found, in its direction: %s',
  async (answer) => {
    const found = await look({ 'node-2>192.0.2.3:5001': answer })
    expect(found.map(({ host, level }) => [host, level])).toEqual([['node-2', 'blocks']])
    expect(found[0]?.what).toContain('it does not reach node-3 on 192.0.2.3:5001')
    expect(found[0]?.cure).toContain('open TCP 5001 from 192.0.2.2 to 192.0.2.3')
  },
)

test('what the own kernel refuses at once is no link, except for a closed port on loopback', async () => {
  const [found] = await look({ 'node-1>192.0.2.2:5001': 'open failed' })
  expect(found?.what).toMatch(
    /does not reach node-2 on 192.0.2.2:5001 \(refused by its own routes or firewall\)/,
  )
  const context = contextWith({ 'node-1>127.0.0.2:5001': 'open failed' })
  const near = context.nodes.map((host, i) => ({
    ...host,
    spec: { ...host.spec, address: `127.0.0.${i + 1}` },
  }))
  expect(await linkFindings({ ...context, nodes: near } as StepContext, () => 7676)).toEqual([])
})

test('an sshd that forwards nothing says so once', async () => {
  const prohibited = 'open failed: administratively prohibited'
  const found = await look(
    Object.fromEntries(
      ['192.0.2.1', '192.0.2.3'].flatMap((address) =>
        [5001, 7676].map((port) => [`node-2>${address}:${port}`, prohibited]),
      ),
    ),
  )
  expect(found).toHaveLength(1)
  expect(found[0]?.cure).toContain('AllowTcpForwarding')
})

test('a peer whose sshd the source does not reach is seeded through the workstation, and that is a warning', async () => {
  const context = contextWith({
    'node-1>192.0.2.2:22': 'open',
    'node-1>192.0.2.3:22': 'silence',
    'node-2>192.0.2.3:22': 'open',
  })
  const found = await seedingFindings(context)
  expect(found.map(({ host, level }) => [host, level])).toEqual([['node-1', 'warns']])
  expect(found[0]?.what).toBe('it does not reach the sshd of node-3 on 192.0.2.3:22 (no answer)')
  expect(found[0]?.cure).toContain('copy.via: relay')
  const relay = { ...context, runbook: { copy: { via: 'relay' } } } as StepContext
  expect(await seedingFindings(relay)).toEqual([])
  // Here a port that refuses is none that works: somebody has to listen.
  const [refused] = await seedingFindings(contextWith({ 'node-1>192.0.2.3:22': 'open' }))
  expect(refused?.what).toContain('node-2 on 192.0.2.2:22 (refused)')
})
