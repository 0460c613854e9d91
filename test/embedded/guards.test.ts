// Safety is shown by what fails: each guard is taken away once, and the stand-in does the harm it was there against.
import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { parseUnit, unitList } from '../../src/evnode/unit.ts'
import { fullReportOf } from '../../src/run/full-report.ts'
import { offlineHeight } from '../../src/steps/chain/offline-height.ts'
import { steps } from '../../src/steps/registry.ts'
import { fact, type StepContext } from '../../src/steps/step.ts'
import { SignatureWatch } from '../../src/steps/watch/signatures.ts'
import { guardDir } from '../../src/steps/window/stop-source.ts'
import { nextBlockOf } from './chain.ts'
import { andThen, driveAlong, driveWith, type Lab, pause, type Replaced, withLab } from './lab.ts'

type Deed = (context: StepContext) => Promise<void>

/** What somebody does on the hosts right after the commit. */
const afterTheCommit = (...deeds: readonly Deed[]): Replaced => ({
  startQuorum: {
    apply: andThen(steps.startQuorum.apply, async (context) => {
      for (const deed of deeds) await deed(context)
    }),
  },
})

/**
 * Somebody's hand, a cron job or a second unit starts the old sequencer's unit; the run goes on when that has signed a
 * block, or so much later.
 */
const startsUnit =
  (lab: Lab, withinMs = 30_000): Deed =>
  async () => {
    await lab.on('node-1', 'systemctl start ev-node.service')
    await nextBlockOf(lab, 'node-1', withinMs)
  }

/** The guard of the store is gone as a reboot of the host would take it. */
const guardGone: Deed = (context) => context.hands.killDetached(context.source.remote, guardDir(context))

/** The old sequencer's command as its unit has it, so long at most. */
function pastItsUnit(lab: Lab, atMostS: number): string {
  const unit = readFileSync(`${lab.root}/node-1/etc/systemd/system/ev-node.service`, 'utf8')
  return `timeout ${atMostS} ${unitList(parseUnit(unit), 'Service', 'ExecStart')[0]}`
}

/** A cron line starts the old sequencer past its unit, and notes how it ended. */
const startsPastUnit =
  (lab: Lab, noted: string[]): Deed =>
  async () => {
    const { code, stdout, stderr } = await lab.on('node-1', pastItsUnit(lab, 20))
    noted.push(`${code} ${stdout}${stderr}`)
  }

/** The fence and all that looks at it: permit, key, negative test, store guard. */
const withoutFence: Replaced = {
  fence: {
    precheck: () => Promise.resolve(),
    apply: () => Promise.resolve(undefined),
    verify: async (context: StepContext) => {
      await steps.fence.apply(context)
      const verdict = await steps.fence.verify(context)
      await giveBack(context)
      return verdict
    },
  },
  stopSource: {
    apply: fencedFor(async (context) => {
      const stopped = await steps.stopSource.apply(context)
      await context.fresh.fence?.refusal
      return stopped
    }),
  },
  weighCommit: { verify: fencedFor((context) => steps.weighCommit.verify(context)) },
  decide: {
    apply: fencedFor(async (context) => {
      const decided = await steps.decide.apply(context)
      // The guard of the store goes with the fence: alone it would hold the old sequencer back.
      await guardGone(context)
      return decided
    }),
  },
}

async function giveBack(context: StepContext): Promise<void> {
  if ('undo' in steps.fence) await steps.fence.undo(context)
}

function fencedFor<T>(work: (context: StepContext) => Promise<T>) {
  return async (context: StepContext): Promise<T> => {
    await steps.fence.apply(context)
    try {
      return await work(context)
    } finally {
      await giveBack(context)
    }
  }
}

test('with the fence, the old sequencer started beside the cluster by its unit signs nothing; past it, it finds no key', () =>
  withLab(3, async (lab) => {
    const said: string[] = []
    const deeds = [startsUnit(lab, 2_000), guardGone, startsPastUnit(lab, said)]
    const end = await driveWith(lab, afterTheCommit(...deeds))
    expect(said).toEqual([expect.stringMatching(/^1 /)])
    expect(said.join()).toContain('key file not found')
    expect(end.outcome, end.failure?.message).toBe('migrated')
    expect(lab.signedTwice()).toEqual([])
  }))

/** The copy of the window is not made, as in the public guide: the peers have what the chain had some blocks ago. */
const staleCopies = (lab: Lab): Replaced => ({
  smoke: {
    // The chain runs on for a while after the last copy.
    apply: andThen(steps.smoke.apply, async (context) => {
      for (let k = 0; k < 3; k++) await nextBlockOf(lab, context.source.spec.name, 30_000)
    }),
  },
  finalSync: { apply: () => Promise.resolve({ bytes: 0, files: 0 }) },
})

/** What the proof would have said, had it not looked. */
const withoutProof: Replaced = {
  proveEqual: {
    verify: (context: StepContext) =>
      Promise.resolve({
        done: true as const,
        output: {
          equal: context.peers.map((peer) => peer.spec.name),
          different: {},
          manifestSha256: '',
          refusal: 'not tried',
        },
      }),
  },
}

test('with the proof of equal content, peers with a stale copy are never started and the old sequencer goes on', () =>
  withLab(3, async (lab) => {
    const end = await driveWith(lab, staleCopies(lab))
    expect(end.outcome).toBe('returned')
    expect(end.failure?.message).toContain('have the content of node-1')
    expect(lab.signedTwice()).toEqual([])
    for (const peer of ['node-2', 'node-3'])
      expect((await lab.on(peer, 'systemctl is-active ev-node.service')).code, peer).toBe(3)
  }))

/** The height that a copy tells is taken for that of the last block, whatever the log of the stop says. */
const withoutHeight: Replaced = {
  warmPeers: {
    apply: async (context: StepContext) => {
      const copy = context.peers.at(-1) ?? context.source
      const stopSource = { ...fact(context, 'stopSource'), height: await offlineHeight(context, copy) }
      return steps.warmPeers.apply({ ...context, facts: { ...context.facts, stopSource } })
    },
  },
}

test('without the proof, a stale copy still tells another height than the log of the stop, and the old sequencer goes on', () =>
  withLab(3, async (lab) => {
    const end = await driveWith(lab, { ...staleCopies(lab), ...withoutProof })
    expect(end.outcome).toBe('returned')
    expect(end.failure?.message).toMatch(/its log ends with block \d+; node-3, .* has block \d+/)
    expect(lab.signedTwice()).toEqual([])
  }))

test('without the proof and the height, a stale store leads and signs heights a second time', () =>
  withLab(3, async (lab) => {
    await driveWith(lab, { ...staleCopies(lab), ...withoutProof, ...withoutHeight })
    expect(lab.signedTwice()).not.toEqual([])
  }))

/** How many heights are signed twice some blocks from now. */
async function twiceLater(lab: Lab): Promise<number> {
  await pause(1_500)
  return lab.signedTwice().length
}

test('without the fence, the old sequencer started by hand beside the cluster signs heights a second time; the watch stops every node, and keeps what proves it', () =>
  withLab(3, async (lab) => {
    const never = new AbortController()
    const end = await driveAlong(lab, { ...withoutFence, ...afterTheCommit(startsUnit(lab)) }, never.signal)
    expect(end).toMatchObject({ outcome: 'needsHuman', exitCode: 6 })
    expect(end.failure?.message).toMatch(/block \d+ was signed twice: \S+ on .+; \S+ on /)
    for (const { name } of lab.hosts) {
      expect((await lab.on(name, 'systemctl is-active ev-node.service')).code, name).toBe(3)
      expect((await lab.on(name, 'systemctl start ev-node.service')).code, name).not.toBe(0)
    }
    const twice = lab.signedTwice()
    expect(twice.length).toBeGreaterThan(0)
    expect(await twiceLater(lab)).toBe(twice.length)
    const { report, evidence } = fullReportOf(lab.stateDir)
    expect(report.forks.length).toBeGreaterThan(0)
    expect(twice).toEqual(expect.arrayContaining([...report.forks]))
    const rows = evidence.find(({ title }) => title === 'a height was signed twice')?.rows ?? []
    expect(rows.map(([label]) => label)).toEqual(expect.arrayContaining(['what was seen', 'signatures']))
  }))

test('without the watch, the chain that was forked goes on signing heights a second time', () =>
  withLab(3, async (lab) => {
    const blind = vi.spyOn(SignatureWatch.prototype, 'twice').mockReturnValue([])
    const stop = new AbortController()
    const drive = driveAlong(lab, { ...withoutFence, ...afterTheCommit(startsUnit(lab)) }, stop.signal)
    try {
      await expect.poll(() => lab.signedTwice().length, { timeout: 60_000 }).toBeGreaterThan(0)
      const before = await twiceLater(lab)
      await expect.poll(() => lab.signedTwice().length, { timeout: 30_000 }).toBeGreaterThan(before)
    } finally {
      stop.abort()
      await drive
      blind.mockRestore()
    }
  }))
