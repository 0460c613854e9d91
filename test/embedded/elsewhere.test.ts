// What another terminal asks of a run: the drive is in this process, the other terminal is the built evha.
import { expect, test } from 'vitest'
import { clearControl, readControl, writeControl } from '../../src/journal/control.ts'
import { findRun } from '../../src/journal/runs.ts'
import type { DriveOptions } from '../../src/run/api.ts'
import { resumeRun, startRun } from '../../src/run/drive.ts'
import type { GateQuestion } from '../../src/run/observer.ts'
import { steps as realSteps } from '../../src/steps/registry.ts'
import type { StepRegistry } from '../../src/steps/step.ts'
import { silentObserver } from '../run/silent-observer.ts'
import { evha, type Lab, pause, withLab } from './lab.ts'

/** A drive whose gates stay open until they are closed, like a prompt that nobody answers. */
function openGates(lab: Lab, confirms: DriveOptions['confirms'], onGate: (question: GateQuestion) => void) {
  const said: string[] = []
  const options: DriveOptions = {
    stateDir: lab.stateDir,
    confirms,
    approver: {
      ask: (question, signal) => {
        onGate(question)
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve('later'), { once: true })
        })
      },
    },
    observer: {
      ...silentObserver,
      entered: (state) => void said.push(state.path),
      progress: (text) => void said.push(text),
    },
    stopNow: new AbortController().signal,
    stopSoon: () => false,
  }
  return { options, said }
}

test('pause and abort from another terminal are heeded while a gate is open, and in the middle of a step', () =>
  withLab(3, async (lab) => {
    let opened = () => {}
    const nextGate = () => new Promise<void>((resolve) => (opened = resolve))
    const none = new Map()
    const first = openGates(lab, none, () => opened())
    let gate = nextGate()
    const running = startRun(lab.runbook, first.options)
    await gate
    const paused = await lab.evha('pause', '--json')
    expect(paused.code, paused.stderr).toBe(0)
    expect(JSON.parse(paused.stdout)).toMatchObject({ state: 'gate.cutover', later: false })
    expect(await running).toMatchObject({ exitCode: 130, outcome: 'interrupted' })
    expect(first.said).toContain('another terminal asked to stop here')
    const idle = await lab.evha('pause')
    expect(idle.code).toBe(2)
    expect(idle.stderr).toContain('no evha process is at work on the run')

    // At the commit gate the chain stands still: a pause waits, an abort brings the old sequencer back.
    gate = nextGate()
    const second = openGates(lab, new Map([['cutover', lab.chain]]), () => opened())
    const resumed = resumeRun(undefined, second.options)
    await gate
    expect(JSON.parse((await lab.evha('pause', '--json')).stdout)).toMatchObject({
      state: 'gate.commit',
      later: true,
    })
    await pause(600)
    expect(second.said.at(-1)).not.toBe('another terminal asked to stop here')
    let seen = () => {}
    const firstLine = new Promise<void>((resolve) => (seen = resolve))
    const watching = evha(['status', '--watch', '--state-dir', lab.stateDir], (_kill, stdout) =>
      stdout.once('data', seen),
    )
    await Promise.race([firstLine, watching])
    const aborted = await lab.evha('abort', '--json')
    expect(aborted.code, aborted.stderr).toBe(5)
    expect(JSON.parse(aborted.stdout)).toMatchObject({ outcome: 'aborted', state: 'aborted' })
    expect(await resumed).toMatchObject({ exitCode: 5, outcome: 'aborted' })
    const watched = await watching
    expect(watched.code, watched.stderr).toBe(0)
    expect(watched.stdout).toMatch(/^[\d:]{8} gate\.commit: window: .* predicted at /)
    expect(watched.stdout).toMatch(/\n[\d:]{8} abort\.\w+: /)
    expect(watched.stdout).toContain('the run was aborted, and the single sequencer produces.')
    expect((await lab.on('node-1', 'systemctl is-active ev-node.service')).stdout).toBe('active\n')
    expect(readControl(findRun(lab.stateDir).dir)).toBeUndefined()

    // A step that takes for ever, as seeding does: nobody waits for its end.
    let seeding = () => {}
    const begun = new Promise<void>((resolve) => (seeding = resolve))
    const endless = {
      ...realSteps,
      seedData: {
        ...realSteps.seedData,
        apply: async (context) => {
          seeding()
          await context.sleep(3_600_000)
          return undefined
        },
      },
    } satisfies StepRegistry
    const third = openGates(lab, none, () => undefined)
    const slow = startRun(lab.runbook, third.options, endless)
    await begun
    const back = await lab.evha('abort', '--json')
    expect(back.code, back.stderr).toBe(5)
    expect(await slow).toMatchObject({ exitCode: 5, outcome: 'aborted' })
    expect(lab.signedTwice()).toEqual([])
  }))

test('an abort that comes too late stops nothing: the run goes on to its end, and the other terminal is told', () =>
  withLab(3, async (lab) => {
    const { options, said } = openGates(
      lab,
      new Map([
        ['cutover', lab.chain],
        ['commit', lab.chain],
      ]),
      () => undefined,
    )
    let begun = () => {}
    const starting = new Promise<void>((resolve) => (begun = resolve))
    let goOn = () => {}
    const held = new Promise<void>((resolve) => (goOn = resolve))
    const slowStart = {
      ...realSteps,
      startQuorum: {
        ...realSteps.startQuorum,
        apply: async (context) => {
          begun()
          await held
          return realSteps.startQuorum.apply(context)
        },
      },
    } satisfies StepRegistry
    const running = startRun(lab.runbook, options, slowStart)
    await starting
    const { dir } = findRun(lab.stateDir)
    const late = await lab.evha('abort', '--json')
    expect(late.code, late.stderr).toBe(2)
    expect(late.stderr).toContain('the point of no return is behind')
    // And one that crossed the decision: it lies there when the decision has fallen.
    writeControl(dir, 'abort')
    goOn()
    await expect.poll(() => said.includes('gate.finish'), { timeout: 120_000 }).toBe(true)
    expect(said).toContain(
      'another terminal asked to abort, but the point of no return is behind: the run goes on',
    )
    expect(await lab.evha('pause')).toMatchObject({ code: 0 })
    expect(await running).toMatchObject({ outcome: 'migrated', exitCode: 130 })
    clearControl(dir)
    expect(lab.signedTwice()).toEqual([])
  }))
