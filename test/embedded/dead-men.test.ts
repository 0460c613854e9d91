// The workstation is lost inside the window: killed, asleep or cut off. The hosts go back by themselves.
import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { labControl } from '../../src/lab/control.ts'
import { signedHeaders } from '../../src/lab/witness.ts'
import { edges, stateFacts } from '../../src/machine/graph.ts'
import type { Report, RunEnd } from '../../src/run/api.ts'
import { steps } from '../../src/steps/registry.ts'
import type { StepContext } from '../../src/steps/step.ts'
import { outputOf } from '../output-of.ts'
import { killedAt, nextBlockOf, setWindow, shownOf } from './chain.ts'
import { andThen, confirm, driveWith, type Lab, pause, type Replaced, withLab } from './lab.ts'

const nightly = process.env['EVHA_TEST_TIER'] === 'nightly'
const nightlyTest = test.skipIf(!nightly)

/** Shorter than the usual 10 s, for the tests' sake. */
const deadManSeconds = 4
/** The usual, where evha must be heard in time on a busy machine too. */
const heardSeconds = 10
/** From the deadline to the next block: acting, start of the node, block time; far more than a quiet machine needs. */
const thenMs = 30_000
/** Nothing comes, although it would have come by then. */
const neverMs = (deadManSeconds + 10) * 1_000
const unitOf = 'evha-dead-man-ev-node.service'

async function killedAndBack(lab: Lab, place: string, ...args: string[]): Promise<number> {
  const killed = await killedAt(place, lab, ...args)
  expect(killed.code, `${place}: ${killed.stderr}`).toBeNull()
  const tookMs = await nextBlockOf(lab, 'node-1', heardSeconds * 1_000 + thenMs)
  expect(tookMs, `${place}: no block after the workstation was killed`).not.toBeNull()
  return tookMs ?? 0
}

test('evha is killed while peers are warm: the chain is back by itself, and resume migrates in a second attempt', () =>
  withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds })
    const tookMs = await killedAndBack(lab, 'step.warmPeers.after', 'migrate', lab.runbook)
    process.stdout.write(`from SIGKILL to the next block: ${tookMs} ms, dead-man after ${deadManSeconds} s\n`)
    // The peer's dead-man hears nobody either: what waited is ended, and its permit is gone.
    await expect
      .poll(() => shownOf(lab, 'node-2', 'ActiveState'), { timeout: thenMs })
      .not.toContain('=active')
    expect((await lab.on('node-2', 'systemctl start ev-node.service')).code).not.toBe(0)
    const resumed = await lab.evha('resume', '--json', ...confirm(lab, 'cutover', 'commit', 'finish'))
    expect(JSON.parse(resumed.stdout), resumed.stderr).toMatchObject({
      outcome: 'migrated',
      attempt: 2,
      nodesVoting: 3,
    })
    expect(lab.signedTwice()).toEqual([])
    for (const host of ['node-1', 'node-2'])
      expect(await shownOf(lab, host, 'LoadState', unitOf)).toBe('LoadState=not-found\n')
  }))

/** The source is not made a member for a while, so that its old unit stands there as a late dead-man would find it. */
const sourceStaysOut = (waitMs: number): Replaced => ({
  startRest: {
    apply: async () => {
      await pause(waitMs)
      throw new EvhaError({
        kind: 'failed',
        message: 'the test',
        changedAnything: 'no',
        retryable: false,
        hint: '',
      })
    },
  },
})

/** The dead-man of the source as it is armed, but that it does not heed what the decision says. */
const heedsNobody = (lab: Lab): Replaced => ({
  arm: {
    apply: andThen(steps.arm.apply, async () => {
      const watch = 'var/lib/evha/dead-man/watch'
      const blind = await lab.on(
        'node-1',
        `sed -i 's/^case $? in$/case 0 in/' ${watch} && grep -q '^case 0 in' ${watch} && systemctl restart ${unitOf}`,
      )
      expect(blind.code, blind.stderr).toBe(0)
    }),
  },
})
const afterCommitMs = (deadManSeconds + 6) * 1_000

nightlyTest('a dead-man that comes after the commit finds it, and starts nothing', () =>
  withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds })
    await driveWith(lab, sourceStaysOut(afterCommitMs))
    expect(await shownOf(lab, 'node-1', 'ActiveState')).toBe('ActiveState=inactive\n')
    expect(await shownOf(lab, 'node-1', 'ActiveState', unitOf)).toBe('ActiveState=inactive\n')
    expect(existsSync(join(lab.root, 'node-1/var/lib/evha/dead-man/armed'))).toBe(false)
    expect(lab.signedTwice()).toEqual([])
  }),
)

test('without the compare-and-set of the dead-man, heights are signed twice', () =>
  withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds })
    await driveWith(lab, { ...heedsNobody(lab), ...sourceStaysOut(afterCommitMs) })
    expect(lab.signedTwice()).not.toEqual([])
  }))

nightlyTest('without the dead-man the chain stays stopped until somebody resumes', () =>
  withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds })
    const stopped = new AbortController()
    const end = await driveWith(
      lab,
      {
        finalSync: {
          apply: async () => {
            // The unit is ended past evha: what it would have done nobody does.
            await lab.on('node-1', `systemctl stop ${unitOf}`)
            stopped.abort()
            throw new EvhaError({
              kind: 'interrupted',
              message: 'cut',
              changedAnything: 'no',
              retryable: true,
              hint: '',
            })
          },
        },
      },
      undefined,
      ['cutover', 'commit'],
      stopped.signal,
    )
    expect(end.exitCode).toBe(130)
    expect(await nextBlockOf(lab, 'node-1', neverMs)).toBeNull()
    expect((await lab.evha('abort', '--json')).code).toBe(5)
    expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
  }),
)

/** A drive in a process of its own, whose commit gate stays open until a file lies there: then it is approved. */
function openGate(lab: Lab, answer: string) {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      join(import.meta.dirname, 'open-gate.ts'),
      lab.runbook,
      lab.stateDir,
      lab.chain,
      answer,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const lines: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n')))
  return { kill: (signal: NodeJS.Signals) => child.kill(signal), ended: outputOf(child), lines }
}

nightlyTest(
  'asleep at the commit gate until the chain is back, then awake with an approval: nothing is stopped, nothing commits',
  () =>
    withLab(3, async (lab) => {
      setWindow(lab, { deadManSeconds })
      const answer = join(lab.stateDir, 'answer')
      const { kill, ended, lines } = openGate(lab, answer)
      await expect.poll(() => lines, { timeout: 120_000 }).toContain('asked commit')
      kill('SIGSTOP')
      expect(await nextBlockOf(lab, 'node-1', deadManSeconds * 1_000 + thenMs)).not.toBeNull()
      const invocation = await shownOf(lab, 'node-1', 'InvocationID')
      writeFileSync(answer, '')
      kill('SIGCONT')
      const { stdout, stderr } = await ended
      const end = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as RunEnd
      expect(end, stderr).toMatchObject({ outcome: 'returned', exitCode: 5 })
      // Whoever is first to find it out says so: the heartbeat, or the round before the decision.
      const why = /gone back by itself|started again since the stop|guard|permit|dead-man has ended/
      expect(end.failure?.message).toMatch(why)
      // The very process that the dead-man started makes blocks still.
      expect(await shownOf(lab, 'node-1', 'InvocationID')).toBe(invocation)
      expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
      expect(new Set(signedHeaders(lab.root).map(({ host }) => host))).toEqual(new Set(['node-1']))
      const report = JSON.parse((await lab.evha('report', '--json')).stdout) as Report
      expect(report).toMatchObject({ outcome: 'returned', firstClusterHeight: null })
      expect(report.failure?.message).toMatch(why)
      expect(lab.signedTwice()).toEqual([])
    }),
)

const stepDone = 'xstate.done.actor.'
/** The step of every state from which the chain may stand still, before and after its effect, in their order. */
const moments = stateFacts()
  .filter(({ path, phase }) => phase === 'window' || path === 'gate.commit' || path === 'commit.decide')
  .sort((one, other) => Number(one.path === 'commit.decide') - Number(other.path === 'commit.decide'))
  .flatMap(({ path }) => {
    const done = edges().find(({ from, event }) => from === path && event.startsWith(stepDone))
    const step = done?.event.slice(stepDone.length)
    return step === undefined ? [] : [`step.${step}.before`, `step.${step}.after`]
  })

nightlyTest(
  'evha is killed at every state of the window: before the commit the chain is back by itself, after it only forward',
  () =>
    withLab(3, async (lab) => {
      setWindow(lab, { deadManSeconds: heardSeconds })
      const took: string[] = []
      let args = ['migrate', lab.runbook]
      for (const moment of moments.slice(0, -1)) {
        // Before the decision is written nothing is committed, and after it the cluster's start needs evha.
        took.push(`${moment} ${await killedAndBack(lab, moment, ...args)}`)
        args = ['resume']
      }
      process.stdout.write(`from SIGKILL to the next block, ms: ${took.join(', ')}\n`)
      await killedAt(moments.at(-1) as string, lab, 'resume')
      expect(await nextBlockOf(lab, 'node-1', heardSeconds * 1_000 + 3_000)).toBeNull()
      const forward = await lab.evha('resume', '--json', ...confirm(lab, 'cutover', 'commit', 'finish'))
      expect(JSON.parse(forward.stdout), forward.stderr).toMatchObject({
        outcome: 'migrated',
        nodesVoting: 3,
      })
      expect(lab.signedTwice()).toEqual([])
    }),
  30 * 60_000,
)

nightlyTest('node-1 reboots inside the window: back by itself, with evha alive and with evha dead', () =>
  withLab(3, async (lab) => {
    setWindow(lab, { deadManSeconds: 30 })
    const reboots: Replaced = {
      warmPeers: {
        apply: andThen(
          steps.warmPeers.apply,
          async () => void (await labControl(lab.stateDir, 'reboot', 'node-1')),
        ),
      },
    }
    const end = await driveWith(lab, reboots)
    expect(end).toMatchObject({ outcome: 'returned', exitCode: 5 })
    expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()

    await killedAt('step.proveEqual.after', lab, 'resume')
    await labControl(lab.stateDir, 'reboot', 'node-1')
    // The deadline lies 30 s ahead: it is the reboot that counts.
    expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
    const resumed = await lab.evha('resume', '--json', ...confirm(lab, 'cutover', 'commit', 'finish'))
    expect(JSON.parse(resumed.stdout), resumed.stderr).toMatchObject({ outcome: 'migrated' })
    expect(lab.signedTwice()).toEqual([])
  }),
)

/**
 * Commit and dead-man at the same instant: no beat reaches node-1 any more, its deadline is put to now, and a moment later
 * the decision is made; or once the dead-man has made its own.
 */
const atOnce = (lab: Lab, laterMs: number | 'when it has acted'): Replaced => ({
  decide: {
    apply: async (context: StepContext) => {
      const files = 'run/evha/dead-man.deadline'
      const due = await lab.on('node-1', `rm -f ${files}.new && mkdir ${files}.new && echo 0 > ${files}`)
      expect(due.code, due.stderr).toBe(0)
      if (laterMs === 'when it has acted')
        await expect.poll(() => decisionOf(lab), { timeout: thenMs }).toMatch(/^returned/)
      else await pause(laterMs)
      return steps.decide.apply(context)
    },
  },
})

const decisionOf = async (lab: Lab) => (await lab.on('node-1', 'cat var/lib/evha/decision')).stdout

nightlyTest(
  'the dead-man races the commit: one of the two wins, and nothing is signed twice',
  async () => {
    const won: string[] = []
    for (const laterMs of [0, 150, 300, 450, 'when it has acted'] as const)
      await withLab(3, async (lab) => {
        setWindow(lab, { deadManSeconds: heardSeconds })
        const end = await driveWith(lab, atOnce(lab, laterMs))
        won.push(`${laterMs}: ${end.outcome}`)
        expect(['migrated', 'returned'], end.failure?.message).toContain(end.outcome)
        if (laterMs === 'when it has acted') expect(end.outcome).toBe('returned')
        // One arbiter: who won there is who produces.
        expect(await decisionOf(lab)).toMatch(end.outcome === 'migrated' ? /^committed/ : /^returned/)
        if (end.outcome === 'returned') expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
        expect(lab.signedTwice()).toEqual([])
      })
    process.stdout.write(`the race was won by: ${won.join(', ')}\n`)
  },
  15 * 60_000,
)
