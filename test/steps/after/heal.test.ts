// Which member is started anew, when, and how often: in simulated time, over a cluster that is only told.
import { expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { Healer } from '../../../src/steps/after/heal.ts'
import { lookAtMembers } from '../../../src/steps/after/members.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { unreachable } from '../../unreachable.ts'

interface Member {
  /** As systemd shows it; null: the host does not answer. */
  active: 'active' | 'inactive' | 'failed' | 'activating' | null
  /** Blocks above N; null: its RPC does not answer. */
  above: number | null
  leads: boolean
  log: string
}

const last = 100

class Cluster {
  nowMs = 0
  readonly told: string[] = []
  readonly starts: string[] = []
  readonly members = new Map<string, Member>()
  lazy = false
  /** What becomes of a member that is started anew; else it stays as it is. */
  onStart: (name: string, member: Member) => void = () => undefined

  constructor(count: number) {
    for (let i = 1; i <= count; i++)
      this.members.set(`node-${i}`, { active: 'active', above: 1, leads: i === 2, log: '' })
  }

  of(name: string): Member {
    const member = this.members.get(name)
    if (member === undefined) throw new Error(name)
    return member
  }

  #run(name: string, { says }: Command): string {
    const member = this.of(name)
    if (member.active === null) throw unreachable(name)
    if (says.startsWith('read the state')) return `ActiveState=${member.active}\nInvocationID=abc\n`
    if (says.startsWith('read the log')) return member.log
    if (says.startsWith('read ')) return `node:\n  lazy_mode: ${this.lazy}\n  lazy_block_interval: 60s\n`
    if (says.startsWith('start ')) {
      this.starts.push(`${name} at ${Math.round(this.nowMs / 1_000)}`)
      this.onStart(name, member)
    }
    return ''
  }

  context(): StepContext {
    const hosts = [...this.members.keys()].map(
      (name) =>
        ({
          spec: { name, unit: 'ev-node.service', home: '/h' },
          remote: {
            name,
            run: async (command: Command) => ({
              kind: 'finished',
              exitCode: 0,
              stdout: this.#run(name, command),
              stderr: '',
              truncated: false,
              durationMs: 1,
            }),
          },
        }) as unknown as Host,
    )
    const equal = hosts.slice(1).map(({ spec }) => spec.name)
    return {
      run: 'run',
      nodes: hosts,
      source: hosts[0],
      peers: hosts.slice(1),
      quorum: Math.floor(hosts.length / 2) + 1,
      facts: { proveEqual: { equal }, stopSource: { height: last } },
      signal: new AbortController().signal,
      now: () => this.nowMs,
      tell: (text: string) => void this.told.push(text),
      rpc: ({ spec }: Host) => ({
        state: async () => {
          const { above } = this.of(spec.name)
          return above === null
            ? { kind: 'timeout', afterMs: 1 }
            : { kind: 'ok', value: { lastBlockHeight: last + above } }
        },
        raftNode: async () => ({ kind: 'ok', value: { isLeader: this.of(spec.name).leads, nodeId: '' } }),
      }),
    } as unknown as StepContext
  }

  /** Looks each second; members that `rise` names get a block each time. */
  async pass({ healer, context }: Watching, seconds: number, rise: (name: string) => boolean): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      this.nowMs += 1_000
      for (const [name, member] of this.members)
        if (rise(name) && member.active === 'active' && member.above !== null) member.above += 1
      await healer.round(await lookAtMembers(context))
    }
  }
}

interface Watching {
  readonly healer: Healer
  readonly context: StepContext
}

function watching(cluster: Cluster): Watching {
  const context = cluster.context()
  return { healer: new Healer(context), context }
}

const but = (silent: string) => (name: string) => name !== silent

test('a member whose unit nobody restarts is started after seconds, and is in then', async () => {
  const cluster = new Cluster(5)
  Object.assign(cluster.of('node-4'), { active: 'failed', above: null })
  cluster.onStart = (_name, member) => Object.assign(member, { active: 'active', above: 1 })
  const looking = watching(cluster)
  await cluster.pass(looking, 60, () => true)
  expect(cluster.starts).toEqual(['node-4 at 6'])
  expect(looking.healer.givenUp()).toEqual({})
})

test('a silent member is started anew twice, after its P2P wait each time, and then named', async () => {
  const cluster = new Cluster(5)
  cluster.of('node-3').above = null
  const looking = watching(cluster)
  await cluster.pass(looking, 300, but('node-3'))
  expect(cluster.starts).toEqual(['node-3 at 36', 'node-3 at 71'])
  expect(looking.healer.givenUp()).toEqual({ 'node-3': 'its RPC does not answer; started anew 2 times' })
  expect(cluster.told[0]).toBe('node-3: its RPC does not answer; it is started anew (1 of 2)')
})

test('one whose head stays behind is silent, too; what it said at its end is told', async () => {
  const cluster = new Cluster(3)
  const looking = watching(cluster)
  await cluster.pass(looking, 37, but('node-3'))
  expect(cluster.starts).toEqual(['node-3 at 36'])
  Object.assign(cluster.of('node-3'), {
    active: 'activating',
    above: null,
    log: '1764000000.000000 node-3 evha[1]: Error: invalid state detected\n',
  })
  await cluster.pass(looking, 200, but('node-3'))
  expect(cluster.starts).toHaveLength(2)
  expect(looking.healer.givenUp()['node-3']).toMatch(/^ev-node.service is activating; started anew 2 times/)
})

test('nothing is touched without a leader, or without a quorum of others that go on', async () => {
  const cluster = new Cluster(5)
  for (const name of ['node-3', 'node-4', 'node-5']) cluster.of(name).above = null
  const looking = watching(cluster)
  await cluster.pass(looking, 30, () => true)
  expect(cluster.starts).toEqual([])
  const leaderless = new Cluster(3)
  leaderless.of('node-2').leads = false
  leaderless.of('node-3').above = null
  const other = watching(leaderless)
  await leaderless.pass(other, 300, () => true)
  expect(leaderless.starts).toEqual([])
})

test('a host that does not answer is not waited for, and named', async () => {
  const cluster = new Cluster(5)
  cluster.of('node-5').active = null
  const looking = watching(cluster)
  await cluster.pass(looking, 100, () => true)
  expect(cluster.starts).toEqual([])
  expect(looking.healer.givenUp()).toEqual({ 'node-5': 'its host does not answer' })
})

test.each([
  [false, 41],
  [true, 101],
])('a leader that makes no block is started anew after its waits; lazy: %s', async (lazy, second) => {
  const cluster = new Cluster(3)
  cluster.lazy = lazy
  const looking = watching(cluster)
  await cluster.pass(looking, second + 5, () => false)
  expect(cluster.starts.filter((start) => start.startsWith('node-2'))).toEqual([`node-2 at ${second}`])
  expect(cluster.starts[0]).toBe(`node-2 at ${second}`)
  await cluster.pass(looking, 30, () => true)
  expect(looking.healer.givenUp()).toEqual({})
})
