import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Gate } from '../../src/base/names.ts'
import { runFiles } from '../../src/journal/runs.ts'
import { confirm, evha, type Lab } from '../embedded/lab.ts'
import { outputOf } from '../output-of.ts'
import { main, workstationIn } from './built.ts'
import type { Cell, Goal } from './cells.ts'
import { passLease, setClocksRight } from './hosts.ts'
import { wrongAfter, wrongAtEnd } from './judged.ts'
import {
  afterCommit,
  confirmed,
  isAbort,
  opened,
  type Standing,
  standingIn,
  standingOfRun,
  type Verb,
  verbFor,
} from './operator.ts'
import type { Plan, Strike } from './plan.ts'
import { textOf } from './points.ts'

/** Commands that pass without a strike until the cells that are left are given up on this lab. */
const idleMax = 3
/** Commands an operator types until the run is at an end. */
const turnsMax = 12
/** Some dozens of strikes that hang, or wait for a second operator, are as long as that. */
const struckTimeoutMs = 15 * 60_000

/** How a lab ended: what was typed and what came of it, and what must not be. */
export interface Ended {
  readonly struck: readonly Cell[]
  readonly state: string
  readonly told: readonly string[]
  readonly broken: readonly string[]
}

interface Way {
  readonly goal: Goal
  /** Null: nothing strikes, and every point is written down. */
  readonly cells: readonly Cell[] | null
  readonly exact: boolean
  readonly hungMs: number
  /** Directory of the compiled workstation. */
  readonly built: string
}

/** A lab whose run is struck again and again, gone on with after each strike, and brought to its end by evha as it is built. */
export class StruckLab {
  readonly heard: string
  readonly #lab: Lab
  readonly #way: Way
  readonly #told: string[] = []
  readonly #broken: string[] = []
  readonly #struck: Cell[] = []
  readonly #over = new Set<string>()
  /** Workstations that were given up with the run on them. */
  readonly #left: string[] = []
  #waiting: readonly Cell[]
  /** State directory of the workstation that the run is driven from. */
  #at: string
  #places = 0
  /** The run is on the hosts and not here: it is adopted. */
  #isElsewhere = false
  #idle = 0
  #last: Verb = 'migrate'

  constructor(lab: Lab, way: Way) {
    this.#lab = lab
    this.#way = way
    this.#waiting = way.cells ?? []
    this.heard = join(lab.stateDir, 'heard')
    this.#at = lab.stateDir
    rmSync(this.heard, { force: true })
  }

  async through(): Promise<Ended> {
    let alone = 0
    for (;;) {
      if (this.#isThrough()) break
      if (this.#waiting.length === 0 && ++alone > turnsMax) {
        this.#broken.push(`no final state is reached after ${turnsMax} commands`)
        break
      }
      await this.#turn()
    }
    const ended = this.#standing
    await this.#wakesUp()
    await this.#again(ended)
    this.#broken.push(...(await wrongAtEnd(this.#lab, this.#way.goal, ended)))
    return {
      struck: this.#struck,
      state: ended?.state ?? 'nothing',
      told: this.#told,
      broken: this.#broken,
    }
  }

  get #standing(): Standing | null {
    return standingIn(this.#at, this.#over)
  }

  /** An abort is an end from which a migration begins anew, as long as something of it is left to be struck. */
  #isThrough(): boolean {
    const { goal } = this.#way
    const standing = this.#standing
    if (standing === null) return false
    const tooLate = isAbort(goal) && afterCommit.test(standing.state)
    if (!standing.final && !tooLate) return false
    if (!isAbort(goal) || standing.state !== 'aborted' || this.#waiting.length === 0) return true
    this.#over.add(standing.run)
    this.#isElsewhere = false
    return false
  }

  async #turn(): Promise<void> {
    const { goal } = this.#way
    const standing = this.#standing
    const verb = verbFor(goal, standing, this.#isElsewhere, this.#waiting)
    const before = this.#struck.length
    const startedMs = performance.now()
    setClocksRight(this.#lab)
    this.#last = verb
    const isFirst = goal.startsWith('go on') && verb === 'migrate'
    const isHeard = this.#waiting.length > 0 || this.#way.cells === null
    const type = () =>
      isHeard && !isFirst ? this.#workstation(verb, standing) : this.#evha(verb, this.#at, standing)
    const said = await type()
    // What was done before was nothing.
    if (verb === 'adopt' && /no host of .* keeps a run/.test(said)) this.#isElsewhere = false
    if (/no host knows the run/.test(said) && standing !== null) this.#looksAtSecond(standing.run)
    const [, unfinished] = /the run (\S+) of this chain is not finished/.exec(said) ?? []
    if (unfinished !== undefined && this.#over.has(unfinished)) this.#putAway(unfinished)
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
    const strikes = this.#struck.slice(before)
    const state = this.#standing?.state ?? 'nothing'
    for (const { kind, point } of strikes) this.#told.push(`  ${kind} at ${textOf(point)}`)
    this.#told.push(`${verb} at ${this.#place}, ${seconds} s: ${said}; in ${state}`)
    this.#broken.push(...wrongAfter(this.#lab, verb, this.#at, this.#standing))
    this.#idle = strikes.length > 0 ? 0 : this.#idle + 1
    if (this.#idle >= idleMax) this.#givesUp()
    const elsewhere = goal === 'go on elsewhere' && this.#waiting.length > 0
    if (elsewhere || strikes.at(-1)?.place === 'another workstation') this.#movesOn()
  }

  /** What no command came to; where the run was led forward to be struck, an abort may still come to the others. */
  #givesUp(): void {
    const byAbort = this.#waiting.filter(({ goal, point }) => isAbort(goal) && point.by === 'abort')
    const isForward = byAbort.length < this.#waiting.length
    this.#waiting = isForward ? byAbort : []
    this.#idle = 0
  }

  get #place(): string {
    return this.#places === 0 ? 'the first workstation' : `workstation ${this.#places + 1}`
  }

  /** The laptop is left as it is, unless all is over. Whoever held the run is not heard for longer than it is waited for. */
  #movesOn(): void {
    const standing = this.#standing
    if (standing?.final === true) return
    if (standing !== null) this.#left.push(this.#at)
    this.#at = join(this.#lab.stateDir, `elsewhere-${++this.#places}`)
    this.#isElsewhere = true
    passLease(this.#lab)
  }

  /** The second operator has taken the run over and brought it to its end, when the first one was too slow to be heard. */
  #looksAtSecond(run: string): void {
    if (standingOfRun(this.#secondDir, run)?.final === true) this.#at = this.#secondDir
  }

  /** A run that is over, and was ended elsewhere, stands in the way of the next one: it is put away, as evha says. */
  #putAway(run: string): void {
    const { dir } = runFiles(this.#at, run)
    renameSync(dir, `${dir}.ended`)
    this.#isElsewhere = false
  }

  get #secondDir(): string {
    return join(this.#lab.stateDir, 'second')
  }

  async #workstation(verb: Verb, standing: Standing | null): Promise<string> {
    const { chain, runbook, stateDir } = this.#lab
    const { goal, cells, exact, hungMs, built } = this.#way
    const waiting = this.#waiting
    const plan: Plan = {
      verb,
      runbook,
      stateDir: this.#at,
      run: verb === 'adopt' ? undefined : standing?.run,
      labDir: stateDir,
      chain,
      confirms: this.#staysAtGate ? [] : opened(goal, waiting),
      answer: isAbort(goal) ? 'declined' : 'later',
      faults:
        cells === null ? null : waiting.map(({ kind, point }, number) => ({ number, kind, point, exact })),
      hungMs,
      heard: this.heard,
      main,
      second: waiting.map((cell) => this.#secondTypes(cell, verb)),
    }
    const file = join(stateDir, 'plan.json')
    writeFileSync(file, JSON.stringify(plan))
    if (cells !== null) rmSync(this.heard, { force: true })
    const child = spawn(process.execPath, [workstationIn(built), file], { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = await outputOf(child, { says: `${verb}, struck`, timeoutMs: struckTimeoutMs })
    if (cells !== null) this.#hear(waiting)
    if (ended.code === null) return 'killed'
    if (ended.code !== 0) throw new Error(`the workstation itself fails with ${ended.code}: ${ended.stderr}`)
    return ended.stdout.trim()
  }

  /** Whoever sits at the same workstation types the same command; at another one the run is adopted. Nobody there opens a gate. */
  #secondTypes({ kind, place }: Cell, verb: Verb): readonly string[] {
    if (kind !== 'a second operator') return []
    return place === 'another workstation'
      ? this.#typed('adopt', [], this.#secondDir)
      : this.#typed(verb, [], this.#at)
  }

  /** What comes before a run goes on is struck again and again, so it must not go on. */
  get #staysAtGate(): boolean {
    return this.#way.goal.startsWith('go on') && this.#waiting.length > 0
  }

  #typed(verb: Verb, gates: readonly Gate[], stateDir: string): readonly string[] {
    const what = verb === 'migrate' || verb === 'adopt' ? [verb, this.#lab.runbook] : [verb]
    // `abort` asks nothing.
    const confirms = verb === 'abort' ? [] : confirm(this.#lab, ...gates)
    return [...what, ...confirms, '--state-dir', stateDir]
  }

  #hear(waiting: readonly Cell[]): void {
    if (!existsSync(this.heard)) return
    const lines = readFileSync(this.heard, 'utf8').trim().split('\n')
    const strikes = lines.map((line) => JSON.parse(line) as Strike)
    const numbers = new Set(strikes.map(({ number }) => number))
    for (const { number, point } of strikes) {
      const cell = waiting[number]
      if (cell !== undefined) this.#struck.push({ ...cell, point })
    }
    this.#waiting = waiting.filter((_, number) => !numbers.has(number))
  }

  async #evha(verb: Verb, stateDir: string, standing: Standing | null): Promise<string> {
    const { goal } = this.#way
    const stays = goal.startsWith('go on') && verb === 'migrate'
    const typed = this.#typed(verb, stays ? [] : confirmed[goal], stateDir)
    const run = standing === null || verb === 'migrate' || verb === 'adopt' ? [] : [standing.run]
    const { code, stdout, stderr } = await evha([...typed, ...run, '--json'])
    const last = stderr.trimEnd().split('\n').slice(-3).join(' ').replaceAll(/\s+/g, ' ')
    return `exit ${code}: ${failureIn(stdout) ?? last.slice(-200)}`
  }

  /** Everything is over, and somebody opens a laptop that was given up: nothing may come of it. */
  async #wakesUp(): Promise<void> {
    for (const stateDir of new Set([this.#left[0], this.#left.at(-1)])) {
      if (stateDir === undefined || stateDir === this.#at) continue
      const standing = standingIn(stateDir)
      this.#told.push(`one that was left wakes up: ${await this.#evha('resume', stateDir, standing)}`)
    }
  }

  /** The same command once more, after its end: nothing may come of that either. */
  async #again(ended: Standing | null): Promise<void> {
    if (ended?.final !== true) return
    this.#told.push(`${this.#last} again: ${await this.#evha(this.#last, this.#at, ended)}`)
    const state = this.#standing?.state
    if (state !== ended.state)
      this.#broken.push(`typed again, ${this.#last} leads from ${ended.state} to ${state}`)
  }
}

/** What a command that failed says of it; null where it did not, or printed nothing. */
function failureIn(stdout: string): string | null {
  if (stdout.trim() === '') return null
  const { failure } = JSON.parse(stdout) as { readonly failure?: { readonly message: string } | null }
  return failure?.message ?? null
}
