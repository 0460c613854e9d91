// The workstation loses its links to all hosts in every state of the machine, on real processes: both sides go on, each by
// itself. What each state promises stands in who-writes.ts; the simulation does the same at every point of each state.
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import type { Gate, StepName } from '../../src/base/names.ts'
import { findRun } from '../../src/journal/runs.ts'
import { labControl } from '../../src/lab/control.ts'
import { viewOf } from '../../src/machine/decider.ts'
import type { StateFacts } from '../../src/machine/graph.ts'
import type { DriveOptions, RunEnd } from '../../src/run/api.ts'
import { abortRun, resumeRun, rollbackRun, startRun } from '../../src/run/drive.ts'
import { readRun, snapshotOf } from '../../src/run/rebuild.ts'
import { steps as realSteps } from '../../src/steps/registry.ts'
import type { StepContext, StepRegistry } from '../../src/steps/step.ts'
import { silentObserver } from '../run/silent-observer.ts'
import { cluster, oldSequencer, promised, statesAtWork } from '../who-writes.ts'
import { lastSigned, nextBlockOf, setWindow, shownOf } from './chain.ts'
import { type Lab, pause, withLab } from './lab.ts'

const nightlyTest = test.skipIf(process.env['EVHA_TEST_TIER'] !== 'nightly')

/** As it is usually: a busy machine does not make evha late for it. */
const deadManSeconds = 10
const thenMs = 60_000
const commandsMax = 60

/** Every state belongs to one of these ways; a new one is struck, or its way fails. */
const wayOf = ({ path, phase }: StateFacts): 'there' | 'on' | 'back' => {
  if (phase === 'rollback' || path === 'gate.rollback') return 'back'
  if (phase === 'after' || path === 'gate.finish' || path === 'commit.start' || path === 'commit.rest')
    return 'on'
  return 'there'
}

/** A migration that is cut off in each state of a way as it comes to it, and is gone on with once it was looked who writes. */
class CutOff {
  readonly #lab: Lab
  readonly #pending: Map<string, StateFacts>
  readonly #confirms: readonly Gate[]
  #at = ''
  #isCut = false
  #looking: Promise<void> = Promise.resolve()
  #stop = new AbortController()
  readonly told: string[] = []

  constructor(lab: Lab, way: ReturnType<typeof wayOf>, confirms: readonly Gate[]) {
    this.#lab = lab
    this.#confirms = confirms
    this.#pending = new Map(statesAtWork.filter((one) => wayOf(one) === way).map((one) => [one.path, one]))
  }

  get left(): string[] {
    return [...this.#pending.keys()]
  }

  /** Types one command after the other until all states of the way were struck. */
  async all(
    command: (state: string | null) => (options: DriveOptions, steps: StepRegistry) => Promise<RunEnd>,
  ) {
    for (let typed = 0; this.#pending.size > 0; typed++) {
      if (typed === commandsMax)
        throw new Error(`never came to ${this.left.join(', ')}:\n${this.told.join('\n')}`)
      this.#stop = new AbortController()
      const end = await command(this.#state())(this.#options(), this.#steps())
      this.told.push(`ended ${end.outcome}: ${end.failure?.message ?? ''}`)
      await this.#looking
    }
  }

  #state(): string | null {
    try {
      return viewOf(snapshotOf(readRun(findRun(this.#lab.stateDir)))).path
    } catch {
      return null
    }
  }

  #options(): DriveOptions {
    return {
      stateDir: this.#lab.stateDir,
      confirms: new Map(this.#confirms.map((gate) => [gate, this.#lab.chain])),
      approver: { ask: () => Promise.resolve('later') },
      observer: {
        ...silentObserver,
        entered: ({ path, work }) => {
          this.#at = path
          this.told.push(path)
          // Without a step of its own nothing would wait for the cut.
          if (work === null) void this.#strike()
        },
        failed: (_, failure) => void this.told.push(failure.message),
      },
      stopNow: this.#stop.signal,
      stopSoon: () => false,
    }
  }

  /** The real steps, each cut off before its effect where its state is still to be struck. */
  #steps(): StepRegistry {
    const cut = (name: StepName) => async (context: StepContext) => {
      // Only a process that was broken off in the decision reads afterwards how it fell.
      if (name === 'decide' && this.#pending.has('commit.settle')) throw this.#brokenOff()
      await this.#strike()
      if (name === 'decide' && this.#pending.has('abort.tidy'))
        throw failed('the test lets nothing be decided yet')
      return realSteps[name].apply(context)
    }
    return Object.fromEntries(
      Object.entries(realSteps).map(([name, step]) => [name, { ...step, apply: cut(name as StepName) }]),
    ) as unknown as StepRegistry
  }

  #brokenOff(): EvhaError {
    this.#stop.abort()
    return failed('broken off')
  }

  async #strike(): Promise<void> {
    const state = this.#pending.get(this.#at)
    if (state === undefined || this.#isCut) return
    this.#isCut = true
    this.#pending.delete(state.path)
    await this.#links('refuse-links')
    this.told.push(`cut off in ${state.path}`)
    this.#looking = Promise.all([this.#looking, this.#lookAndMend(state)]).then(() => undefined)
    // Whoever types the next command hears of it.
    this.#looking.catch(() => undefined)
  }

  async #links(what: 'refuse-links' | 'accept-links'): Promise<void> {
    for (const { name } of this.#lab.hosts) await labControl(this.#lab.stateDir, what, name)
  }

  async #lookAndMend(state: StateFacts): Promise<void> {
    try {
      await this.#look(state)
    } finally {
      await this.#links('accept-links')
      this.#isCut = false
    }
  }

  /** By itself, once every dead-man has had its time. */
  async #look({ path, standing }: StateFacts): Promise<void> {
    const lab = this.#lab
    if (standing !== 'alone') await pause((deadManSeconds + 2) * 1_000)
    const decision = await lab.on('node-1', 'cat var/lib/evha/decision 2>/dev/null')
    const allowed = promised[standing](decision.stdout.startsWith('committed'))
    const highest = () => Math.max(...lab.hosts.map(({ name }) => lastSigned(lab, name)))
    const before = highest()
    const told = `${path}, cut off: ${this.told.join('; ')}`
    if (allowed.every((one) => one === oldSequencer)) {
      expect(await nextBlockOf(lab, 'node-1', thenMs), told).not.toBeNull()
      expect(decision.stdout, told).not.toMatch(/^committed/)
    } else if (allowed.every((one) => one === cluster))
      await expect.poll(highest, { message: told, timeout: thenMs }).toBeGreaterThan(before)
    else if (allowed.includes(cluster)) {
      // Whoever it is, the old sequencer is none of them.
      if (standing === 'starting')
        expect(await shownOf(lab, 'node-1', 'ActiveState'), told).toContain('=inactive')
    } else {
      await pause(3_000)
      if (!allowed.includes(oldSequencer)) expect(highest(), told).toBe(before)
    }
    expect(lab.signedTwice(), told).toEqual([])
  }
}

const failed = (message: string) =>
  new EvhaError({ kind: 'failed', message, changedAnything: 'no', retryable: true, hint: '' })

const resume = (options: DriveOptions, steps: StepRegistry) => resumeRun(undefined, options, steps)

nightlyTest(
  'cut off in every state up to the decision: the old sequencer goes on by itself, and so does the run',
  () =>
    withLab(3, async (lab) => {
      setWindow(lab, { deadManSeconds })
      const run = new CutOff(lab, 'there', ['cutover', 'commit'])
      const start = (options: DriveOptions, steps: StepRegistry) => startRun(lab.runbook, options, steps)
      const abort = (options: DriveOptions, steps: StepRegistry) => abortRun(undefined, options, steps)
      await run.all((state) => {
        if (state === null) return start
        // Only an abort comes to the state in which what was prepared is removed.
        return run.left.join() === 'abort.tidy' || state === 'abort.tidy' ? abort : resume
      })
      expect((await lab.evha('abort')).code, run.told.join('\n')).toBeOneOf([0, 5])
      expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
      expect(lab.signedTwice()).toEqual([])
    }),
  60 * 60_000,
)

nightlyTest(
  'cut off in every state after the decision: nothing goes back by itself, and the run migrates',
  () =>
    withLab(3, async (lab) => {
      setWindow(lab, { deadManSeconds })
      const run = new CutOff(lab, 'on', ['cutover', 'commit', 'finish'])
      const start = (options: DriveOptions, steps: StepRegistry) => startRun(lab.runbook, options, steps)
      await run.all((state) => (state === null ? start : resume))
      const ended = await lab.evha('resume')
      expect(ended.code, ended.stderr).toBe(0)
      const { stdout } = await lab.evha('report', '--json')
      expect(JSON.parse(stdout), run.told.join('\n')).toMatchObject({
        outcome: 'migrated',
        nodesVoting: 3,
        forks: [],
      })
      expect(lab.signedTwice()).toEqual([])
    }),
  60 * 60_000,
)

nightlyTest(
  'cut off in every state of a rollback: it stands still until it is resumed, and ends with the single sequencer',
  () =>
    withLab(3, async (lab) => {
      setWindow(lab, { deadManSeconds })
      const run = new CutOff(lab, 'back', ['cutover', 'commit', 'rollback'])
      const start = (options: DriveOptions, steps: StepRegistry) => startRun(lab.runbook, options, steps)
      const back = (options: DriveOptions, steps: StepRegistry) => rollbackRun(undefined, options, steps)
      await run.all((state) => (state === null ? start : state.startsWith('rollback') ? resume : back))
      const ended = await lab.evha('resume', '--json')
      expect(ended.code, `${ended.stderr}\n${run.told.join('\n')}`).toBeOneOf([0, 5])
      expect(await nextBlockOf(lab, 'node-1', thenMs)).not.toBeNull()
      expect(lab.signedTwice()).toEqual([])
    }),
  60 * 60_000,
)
