import { expect, test } from 'vitest'
import type { NodeRpc } from '../../../src/evnode/rpc.ts'
import type { Facts } from '../../../src/steps/facts.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { warmUp } from '../../../src/steps/warm-up/warm-up.ts'
import { executionHosts } from '../execution-hosts.ts'

interface World {
  /** Of each peer's client, at a time of the test's clock. */
  readonly client: (atMs: number) => number
  /** Of each peer's full node. */
  readonly node: (atMs: number) => number | null
  /** What `systemctl show` and the log of a full node say. */
  readonly unit?: string
}

/** A chain of a block a second from 100 on, a source and one peer; the clock moves while somebody sleeps. */
async function following({ client, node, unit = 'ActiveState=active\n--\n' }: World) {
  let nowMs = 0
  const told: string[] = []
  const { context } = await executionHosts([{ head: () => 100 }, { head: () => client(nowMs) }])
  const asked: string[] = []
  const peers = context.peers.map((peer) => ({
    ...peer,
    remote: {
      ...peer.remote,
      run: (command: { says: string }) => {
        asked.push(command.says)
        return Promise.resolve({
          kind: 'finished' as const,
          exitCode: 0,
          stdout: unit,
          stderr: '',
          truncated: false,
          durationMs: 1,
        })
      },
    },
  }))
  const heightOf = (host: Host) =>
    host.spec.unit.startsWith('evha-warm-up') ? node(nowMs) : 100 + Math.floor(nowMs / 1_000)
  const rpc = (host: Host) => ({
    state: () => {
      const height = heightOf(host)
      return Promise.resolve(
        height === null ? { kind: 'closed', why: '' } : { kind: 'ok', value: { lastBlockHeight: height } },
      )
    },
  })
  const facts = { check: { ...context.facts.check, blockTimeMs: 1_000 } as Facts['check'] }
  const more: Partial<StepContext> = {
    peers,
    facts,
    rpc: (host) => rpc(host) as unknown as NodeRpc,
    now: () => nowMs,
    sleep: (ms) => {
      nowMs += ms
      return Promise.resolve()
    },
    passing: (text) => told.push(text),
  }
  const all = { ...context, ...more } as StepContext
  return { context: all, told, asked, elapsedMs: () => nowMs }
}

/** So many ms a block from block 0 on, never beyond the chain. */
const atPace = (msPerBlock: number) => (atMs: number) =>
  Math.min(Math.floor(atMs / msPerBlock), 100 + Math.floor(atMs / 1_000))

test('clients are waited for until they stand at the head, and their pace is kept for the prediction', async () => {
  const { context, told, elapsedMs } = await following({ client: atPace(100), node: atPace(100) })
  const warmed = await warmUp.follow(context)
  expect(warmed.msPerBlock).toBe(100)
  expect(warmed.heads['node-2']).toBeGreaterThanOrEqual(100)
  expect(elapsedMs()).toBeLessThan(15_000)
  expect(told.at(-1)).toMatch(
    /^execution clients follow: node-2 \d+ of \d+, 10\.0 blocks\/s, about \d+ s left$/,
  )
  expect(await warmUp.verify(context, warmed)).toMatchObject({ done: true })
})

test('a client at the head does not count while its full node is behind: nothing would lead it on', async () => {
  const { context, elapsedMs } = await following({ client: atPace(1), node: atPace(200) })
  await warmUp.follow(context)
  expect(elapsedMs()).toBeGreaterThan(20_000)
})

test('one that does not come further ends the wait with what to look at, after ten minutes', async () => {
  const { context, elapsedMs } = await following({ client: () => 7, node: atPace(10) })
  await expect(warmUp.follow(context)).rejects.toMatchObject({
    message: expect.stringMatching(
      /^node-2: its execution client has not come further for 10 min \(block 7, /,
    ),
    hint: expect.stringContaining('journalctl -u evha-warm-up-ev-node.service'),
  })
  expect(elapsedMs()).toBeGreaterThanOrEqual(600_000)
})

test("the full node's own last words end it sooner", async () => {
  const unit = `ActiveState=activating\n--\n1764113000.5 host evm[1]: {"level":"error","error":"prevStateRoot mismatch at height 0","message":"node error"}\n`
  const { context, elapsedMs } = await following({ client: () => 0, node: () => null, unit })
  await expect(warmUp.follow(context)).rejects.toThrow(
    'node-2: the full node that drives its execution client does not get on: prevStateRoot mismatch at height 0',
  )
  expect(elapsedMs()).toBeLessThan(60_000)
})

test('a full node that is down is started again', async () => {
  const { context, asked } = await following({
    client: (atMs) => (atMs < 60_000 ? 0 : 160),
    node: (atMs) => (atMs < 60_000 ? null : 160),
    unit: 'ActiveState=inactive\n--\n',
  })
  await warmUp.follow(context)
  expect(asked).toContain('give the permit and start evha-warm-up-ev-node.service')
})

test('a verify after a crash takes nothing for done, nor one whose client fell behind', async () => {
  const { context } = await following({ client: () => 50, node: () => 100 })
  expect(await warmUp.verify(context)).toMatchObject({ done: false })
  expect(await warmUp.verify(context, { msPerBlock: null, heads: {} })).toEqual({
    done: false,
    why: expect.stringMatching(/^node-2: its execution client is 1\d\d blocks behind the head$/),
  })
})

test('a verify that comes just when a client is late looks again: the chain goes on all the while', async () => {
  const late = (atMs: number) => (atMs < 3_000 ? 90 : 100 + Math.floor(atMs / 1_000))
  const { context } = await following({ client: late, node: late })
  expect(await warmUp.verify(context, { msPerBlock: null, heads: {} })).toMatchObject({ done: true })
})
