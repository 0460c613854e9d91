import { expect, test } from 'vitest'
import { readLog } from '../../../src/evnode/logs.ts'
import { takenBackIn } from '../../../src/steps/chain/client-log.ts'
import { clientsBack } from '../../../src/steps/chain/clients-back.ts'
import type { StepContext } from '../../../src/steps/step.ts'
import { executionHosts, type TestClient } from '../execution-hosts.ts'

// As the node writes them (block/internal/common/replay.go).
const ahead =
  '{"level":"warn","component":"execution_replayer","exec_height":107,"target_height":105,"time":"2026-11-25T10:00:00Z","message":"execution layer ahead, attempting automatic rollback"}'
const back = '10:00AM INF execution layer rollback successful component=execution_replayer target_height=105'
const behind =
  '10:00AM INF execution layer is behind, syncing blocks blocks_to_sync=5 component=execution_replayer exec_layer_height=100 target_height=105'
const caughtUp =
  '10:00AM INF successfully synced execution layer component=execution_replayer synced_blocks=5'

test('what the node says of its client is read, and only both lines together are a way back', () => {
  expect(readLog(`${ahead}\n${back}\n${behind}\n${caughtUp}\n`)).toMatchObject([
    { kind: 'clientAhead', height: 107, target: 105 },
    { kind: 'clientTakenBack', target: 105 },
    { kind: 'clientBehind', height: 100, target: 105 },
    { kind: 'clientCaughtUp', blocks: 5 },
  ])
  expect(takenBackIn(readLog(`${ahead}\n${back}`))).toEqual({ from: 107, to: 105 })
  expect(takenBackIn(readLog(ahead))).toBeNull()
  expect(takenBackIn(readLog(`${behind}\n${caughtUp}`))).toBeNull()
})

async function wentBack(log: string, ...clients: TestClient[]) {
  const { context, opened } = await executionHosts(clients)
  const told: string[] = []
  const source = context.nodes[0]
  if (source === undefined) throw new Error('no source')
  const run = async ({ says }: { says: string }) => ({
    kind: 'finished' as const,
    exitCode: 0,
    stdout: says.startsWith('read the log') ? log : 'ActiveState=active\nInvocationID=abc\n',
    stderr: '',
    truncated: false,
    durationMs: 0,
  })
  const withLog = { ...source, remote: { ...source.remote, run } }
  const nodes = [withLog, ...context.peers]
  const saying: StepContext = { ...context, nodes, source: withLog, tell: (text) => void told.push(text) }
  return { back: (facts = saying.facts) => clientsBack({ ...saying, facts }, nodes, 106), told, opened }
}

test('a client that was ahead and was taken back by its node is told, and where every client stands', async () => {
  const { back: look, told } = await wentBack(
    `${ahead}\n${back}`,
    { head: () => 106 },
    { head: () => 109 },
    'down',
  )
  expect(await look()).toMatchObject({
    takenBack: { from: 107, to: 105 },
    clients: {
      'node-1': { height: 106, why: '' },
      'node-2': { height: 109, why: '' },
      'node-3': { height: null, why: expect.stringMatching(/^its execution client does not answer/) },
    },
  })
  expect(told[0]).toBe(
    'node-1: its execution client was at block 107, ahead of its store; the node took it back to 105 by itself',
  )
  expect(told[1]).toMatch(/^node-3: its execution client does not answer/)
})

test('a client below the head of the sequencer that drives it is named', async () => {
  const { back: look } = await wentBack('', { head: () => 104 })
  expect(await look()).toEqual({
    clients: {
      'node-1': expect.objectContaining({
        why: 'its execution client stands at block 104 and its node at 106: is it the client that the node drives?',
      }),
    },
  })
})

test('nothing is asked on a chain without clients', async () => {
  const { back: look, opened } = await wentBack('', {}, {})
  expect(await look({})).toEqual({})
  expect(opened).toEqual([])
})
