// A client that begins anew just before the window's proof: with the guard its node waits outside, without it it may lead.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { replayMsPerBlock } from '../../src/evnode/execution.ts'
import type { Report } from '../../src/run/api.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { steps as realSteps } from '../../src/steps/registry.ts'
import type { StepContext } from '../../src/steps/step.ts'
import { andThen, driveWith, type Lab, type Replaced, withLab } from './lab.ts'

const nightly = test.runIf(process.env['EVHA_TEST_TIER'] === 'nightly')

nightly(
  'a node whose client lacks the whole chain is left out of the window, and the leader replays nothing',
  () =>
    withLab(
      5,
      async (lab) => {
        const seen: Seen = {}
        const end = await driveWith(lab, cold(lab, ['node-2'], { msPerBlock: replayMsPerBlock, seen }))
        expect(end.exitCode, end.failure?.message).toBe(4)
        const { lastOldHeight, outcome, forks } = await reportOf(lab)
        expect(seen.proved?.different?.['node-2']).toMatch(
          /^its execution client is \d+ blocks behind, about \d+ s of replay$/,
        )
        expect(seen.proved?.equal).toEqual(['node-3', 'node-4', 'node-5'])
        expect(seen.warm?.warm).toEqual(['node-3', 'node-4'])
        const first = firstOfCluster(lab, lastOldHeight ?? Number.NaN)
        expect(['node-3', 'node-4', 'node-5']).toContain(first.leader)
        expect(first.replayed).toBe(0)
        expect([outcome, forks]).toEqual(['migrated', []])
      },
      '--evm',
    ),
)

nightly(
  'harm: where no client is too far behind, one that lacks the whole chain leads, and makes no block before it has replayed all',
  () =>
    withLab(
      3,
      async (lab) => {
        const seen: Seen = {}
        const end = await driveWith(lab, cold(lab, ['node-2', 'node-3'], { msPerBlock: 0, seen }))
        expect(end.exitCode, end.failure?.message).toBe(4)
        const { lastOldHeight, gapMs } = await reportOf(lab)
        const last = lastOldHeight ?? Number.NaN
        expect(seen.proved?.different).toEqual({})
        const first = firstOfCluster(lab, last)
        expect(first.replayed).toBe(last)
        expect(gapMs).toBeGreaterThan(first.tookMs)
        expect(lab.signedTwice()).toEqual([])
      },
      '--evm',
    ),
)

interface Seen {
  proved?: Partial<Facts['proveEqual']>
  warm?: Partial<Facts['warmPeers']>
}

/**
 * Once the chain stands still the clients of these peers begin anew. What a block takes to be replayed is given, as a lab's own
 * pace is none of a real client: at 0 nothing is ever too far behind, and that is the guard removed.
 */
const cold = (
  lab: Lab,
  names: readonly string[],
  { msPerBlock, seen }: { msPerBlock: number; seen: Seen },
): Replaced => ({
  stopSource: {
    apply: andThen(realSteps.stopSource.apply, async () => {
      for (const name of names) await beginsAnew(lab, name)
    }),
  },
  proveEqual: {
    apply: async (context) => {
      const measured = await realSteps.proveEqual.apply(withPace(context, msPerBlock))
      seen.proved = measured ?? {}
      return measured
    },
  },
  warmPeers: {
    verify: async (context, measured) => {
      const verdict = await realSteps.warmPeers.verify(context, measured)
      if (verdict.done) seen.warm = verdict.output
      return verdict
    },
  },
})

function withPace({ facts, ...others }: StepContext, msPerBlock: number): StepContext {
  const { weighCutover } = facts
  if (weighCutover?.warmedUp === undefined) throw new Error('no client was warmed up')
  const warmedUp = { ...weighCutover.warmedUp, msPerBlock }
  return { ...others, facts: { ...facts, weighCutover: { ...weighCutover, warmedUp } } }
}

/** Its full node first, which would lead the new client. */
async function beginsAnew(lab: Lab, name: string): Promise<void> {
  const client = lab.hosts.find((host) => host.name === name)?.execution
  const done = await lab.on(
    name,
    `set -e
rm run/evha/permits/warm-up
systemctl stop evha-warm-up-ev-node.service ${client?.unit}
find ${client?.dataDir} -mindepth 1 -delete
systemctl start ${client?.unit}`,
  )
  expect(done.code, done.stderr).toBe(0)
}

async function reportOf(lab: Lab): Promise<Report> {
  return JSON.parse((await lab.evha('report', '--json')).stdout) as Report
}

interface Line {
  readonly at: number
  readonly message: string
}

/** Who made the first block after `last`, and what it had replayed to its client before, by its unit's journal. */
function firstOfCluster(lab: Lab, last: number): { leader: string; replayed: number; tookMs: number } {
  for (const { name } of lab.hosts.slice(1)) {
    const journal = join(lab.root, name, 'var/log/journal/ev-node.service.log')
    // A node that is left out is not started.
    if (!existsSync(journal)) continue
    const lines = readFileSync(journal, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line)
    const made = lines.findIndex(({ message }) => heightIn(message, 'produced block') === last + 1)
    if (made === -1) continue
    const replays = lines
      .slice(0, made)
      .filter(
        ({ message }) => heightIn(message, 'successfully replayed block to execution layer') !== undefined,
      )
    const tookMs = ((replays.at(-1)?.at ?? 0) - (replays[0]?.at ?? 0)) / 1_000
    return { leader: name, replayed: replays.length, tookMs }
  }
  throw new Error(`no peer made block ${last + 1}`)
}

function heightIn(message: string, words: string): number | undefined {
  if (!message.includes(`"${words}"`)) return undefined
  return Number(/"height":(\d+)/.exec(message)?.[1])
}
