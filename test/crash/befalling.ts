import { spawn } from 'node:child_process'
import { appendFileSync, chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostFiles, labFiles } from '../../src/lab/layout.ts'
import type { FaultKind } from '../sim/faults.ts'
import { ends, type Fault, faultAt, type Plan, type Strike } from './plan.ts'
import type { Point } from './points.ts'

const clockStepMs = 20_000
/** A second operator is waited for so long before the next one types. */
const secondMaxMs = 10_000
const lookMs = 25

/** What befalls one process: knows every point that it comes to, and which of them are struck. */
export class Befalling {
  readonly plan: Plan
  /** What the second operators came to, for the account. */
  told = ''
  #state = 'begin'
  #waiting: Fault[]
  readonly #passed = new Map<string, number>()
  readonly #beside: Promise<unknown>[] = []
  #second: number | null = null
  #isAhead = false
  #isDying = false

  constructor(plan: Plan) {
    this.plan = plan
    this.#waiting = [...(plan.faults ?? [])]
  }

  enters(state: string): void {
    this.#state = state
  }

  /** What strikes here. A command that is repeated by itself is one point, its first time. */
  comesTo(at: Point['at'], says: string, often = false): FaultKind | null {
    const { verb, faults, heard } = this.plan
    const what = inGeneral(says, this.plan)
    const key = `${at} ${this.#state} ${what}`
    const nth = (this.#passed.get(key) ?? 0) + 1
    this.#passed.set(key, nth)
    const point: Point = { by: verb, at, state: this.#state, what, nth }
    if (faults === null) {
      if (!often || nth === 1) appendFileSync(heard, `${JSON.stringify(point)}\n`)
      return null
    }
    const fault = this.#isDying ? undefined : faultAt(point, this.#waiting)
    if (fault === undefined) return null
    // It dies in a moment: what strikes meanwhile would be one with it.
    this.#isDying = ends(fault.kind)
    this.#waiting = this.#waiting.filter((one) => one !== fault)
    const strike: Strike = { number: fault.number, point }
    appendFileSync(heard, `${JSON.stringify(strike)}\n`)
    if (fault.kind === 'clock step') this.#stepClock(what, at)
    if (fault.kind === 'a second operator') this.#secondTypes(fault.number)
    return fault.kind
  }

  /** Something that goes on beside the run, and is waited for when it is through. */
  beside(work: Promise<unknown>): void {
    this.#beside.push(work.catch(() => undefined))
  }

  async settled(): Promise<void> {
    await Promise.all(this.#beside)
  }

  /** Forward and back in turn: that of the host that a command goes to, as its scripts read it; else the workstation's. */
  #stepClock(what: string, at: Point['at']): void {
    const host = at === 'send' ? /^(node-\d+):/.exec(what)?.[1] : undefined
    if (host !== undefined) {
      stepHost(join(labFiles(this.plan.labDir).root, host))
      return
    }
    this.#isAhead = !this.#isAhead
    const by = this.#isAhead ? clockStepMs : -clockStepMs
    const { now } = Date
    Date.now = () => now() + by
  }

  #secondTypes(number: number): void {
    if (this.#second !== null) waitFor(this.#second)
    const { main, second } = this.plan
    const child = spawn(process.execPath, [main, ...(second[number] ?? [])], { stdio: 'ignore' })
    this.#second = child.pid ?? null
    this.beside(
      new Promise((resolve) => child.once('close', resolve)).then((code) => {
        this.told += `; a second one: exit ${code}`
      }),
    )
  }
}

/** The same words in every lab and run. */
const inGeneral = (says: string, { stateDir, labDir }: Plan): string =>
  says
    .replaceAll(stateDir, '')
    .replaceAll(labDir, '')
    .replaceAll(/lab-chain-[\w-]+/g, 'RUN')
    .replaceAll(/\b[0-9a-f]{32,}\b/g, 'ID')
    .replaceAll(/\d{2,}/g, 'N')

function stepHost(dir: string): void {
  const date = join(hostFiles(dir).bin, 'date')
  try {
    rmSync(date)
  } catch {
    writeFileSync(date, `#!/bin/sh\nexec /bin/date -d "+${clockStepMs / 1_000} seconds" "$@"\n`)
    chmodSync(date, 0o755)
  }
}

/** At once, in the midst of a line: the workstation is slow for as long. */
function waitFor(pid: number): void {
  const still = new Int32Array(new SharedArrayBuffer(4))
  for (let waitedMs = 0; waitedMs < secondMaxMs && isAlive(pid); waitedMs += lookMs)
    Atomics.wait(still, 0, 0, lookMs)
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
