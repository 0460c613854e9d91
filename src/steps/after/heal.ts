import { changes, script } from '../../base/command.ts'
import { readConfig } from '../../evnode/config.ts'
import { memberNeverIn } from '../../evnode/errors.ts'
import { must } from '../ask.ts'
import { readSecretFile } from '../host/files.ts'
import { eventsIn } from '../host/log.ts'
import type { UnitState } from '../host/systemd.ts'
import { configPath } from '../host/unit-files.ts'
import { bootstrapAnew } from '../prepare/smoke.ts'
import { fact, type Host, type StepContext } from '../step.ts'
import type { Seen } from './members.ts'

/** So often one member is started anew; then it is left to whoever reads the report. */
const curesMax = 2
/** systemd restarts a node that exits by itself after a second; one that is down so long is not restarted by anybody. */
const downMs = 5_000
/** A start waits up to 30 s for headers over P2P before its node serves or produces (evnode.md B 8.5). */
const silentMs = 35_000
/** Leading so long without a block, and a lazy chain's interval more, is the silent stall (evnode.md B 8.8, 8.9). */
const stallMs = 40_000

interface Watched {
  height: number
  /** When its head rose last, or it was first seen, or was started anew. */
  roseMs: number
  /** Since when its unit is not active; null while it is. */
  downSinceMs: number | null
  cures: number
  why: string
  /** What its process said when it ended, as it was last started anew. */
  words: string
}

/**
 * Brings members in that do not come in by themselves: a unit nobody restarts, a node that serves nothing, a late joiner
 * that exits at every start, a leader that makes no block. One at a time, and but for that leader only beside a leader
 * and a quorum of others whose heads rise above N. A bounded number of times; then it says which and why.
 */
export class Healer {
  readonly #context: StepContext
  readonly #members = new Map<string, Watched>()

  constructor(context: StepContext) {
    this.#context = context
  }

  /** Members that were started anew as often as may be, or can not be, and why each is not in; by name. */
  givenUp(): Record<string, string> {
    const nowMs = this.#context.now()
    return Object.fromEntries(
      [...this.#members]
        .filter(([, one]) => one.why !== '' && nowMs - one.roseMs > downMs)
        .map(([name, { why, cures, words }]) => {
          const tried = cures === 0 ? '' : `; started anew ${cures === 1 ? 'once' : `${cures} times`}`
          return [name, `${why}${tried}${words === '' ? '' : `; it said: ${words}`}`]
        }),
    )
  }

  /** Takes what was just seen of all members, and does at most one cure. */
  async round(seen: readonly Seen[]): Promise<void> {
    const context = this.#context
    for (const one of seen) this.#note(one)
    const leader = seen.find(({ isLeader }) => isLeader)
    const well = seen.filter((one) => this.#isWell(one))
    for (const one of seen) if (well.includes(one)) this.#of(one).why = ''
    if (leader === undefined) return
    const sick = seen.find(
      (one) => one !== leader && !well.includes(one) && this.#mayCure(one) && this.#isOverdue(one),
    )
    const others = well.filter((one) => one !== sick)
    if (sick !== undefined && others.includes(leader) && others.length >= context.quorum)
      return this.#cure(sick)
    if (this.#mayCure(leader) && (await this.#isStalled(leader, seen))) await this.#cure(leader)
  }

  #of({ host }: Seen): Watched {
    const { name } = host.spec
    const known = this.#members.get(name)
    if (known !== undefined) return known
    const first = { height: 0, roseMs: this.#context.now(), downSinceMs: null, cures: 0, why: '', words: '' }
    this.#members.set(name, first)
    return first
  }

  #note(seen: Seen): void {
    const one = this.#of(seen)
    const nowMs = this.#context.now()
    if ((seen.height ?? 0) > one.height) {
      one.height = seen.height ?? 0
      one.roseMs = nowMs
    }
    one.downSinceMs = seen.unit?.active === 'active' ? null : (one.downSinceMs ?? nowMs)
    one.why = whyNotIn(seen)
  }

  #isWell(seen: Seen): boolean {
    const { height, roseMs } = this.#of(seen)
    const last = fact(this.#context, 'stopSource').height
    return (
      seen.unit?.active === 'active' &&
      seen.height !== null &&
      height > last &&
      this.#passed(roseMs) < silentMs
    )
  }

  #passed(sinceMs: number): number {
    return this.#context.now() - sinceMs
  }

  #mayCure(seen: Seen): boolean {
    return seen.unit !== null && this.#of(seen).cures < curesMax
  }

  #isOverdue(seen: Seen): boolean {
    const { downSinceMs, roseMs } = this.#of(seen)
    return downSinceMs !== null ? this.#passed(downSinceMs) >= downMs : this.#passed(roseMs) >= silentMs
  }

  /** Nobody's head rises although somebody leads. */
  async #isStalled(leader: Seen, seen: readonly Seen[]): Promise<boolean> {
    const context = this.#context
    const roseMs = Math.max(...seen.map((one) => this.#of(one).roseMs))
    if (this.#passed(roseMs) < stallMs) return false
    const config = readConfig(await must(context, leader.host, readSecretFile(configPath(leader.host.spec))))
    return this.#passed(roseMs) >= stallMs + (config.lazyMode ? config.lazyIntervalMs : 0)
  }

  async #cure(seen: Seen): Promise<void> {
    const context = this.#context
    const { host, unit } = seen
    const one = this.#of(seen)
    one.cures += 1
    const words = await lastWords(context, host, unit)
    const isNeverIn = words !== '' && memberNeverIn(words)
    one.words = words
    context.tell(
      `${host.spec.name}: ${one.why || 'it leads and makes no block'}; ${isNeverIn ? 'its Raft directory is made anew and it is started' : 'it is started anew'} (${one.cures} of ${curesMax})`,
    )
    await must(context, host, endNode(host))
    if (isNeverIn) await bootstrapAnew(context, host)
    await must(context, host, startNode(host))
    one.roseMs = context.now()
    one.downSinceMs = null
  }
}

function whyNotIn({ host, unit, height }: Seen): string {
  if (unit === null) return 'its host does not answer'
  if (unit.active !== 'active') return `${host.spec.unit} is ${unit.active}`
  return height === null ? 'its RPC does not answer' : `its head stays at ${height}`
}

/** What a process that is down said at its end; '' where it said nothing, or is up. */
async function lastWords(context: StepContext, host: Host, unit: UnitState | null): Promise<string> {
  if (unit === null || unit.active === 'active') return ''
  const last = (await eventsIn(context, host, unit.invocation)).findLast((event) => event.kind === 'fatal')
  return last?.kind === 'fatal' ? last.error : ''
}

/** SIGKILL: a process that hangs heeds nothing else, and a store that the others have loses nothing. */
const endNode = ({ spec }: Host) =>
  changes(
    `kill ${spec.unit}`,
    script('systemctl kill --signal=SIGKILL "$1" 2>/dev/null || true\nsystemctl stop "$1"', spec.unit),
    { timeoutMs: 60_000 },
  )

const startNode = ({ spec }: Host) =>
  changes(
    `start ${spec.unit}`,
    script('systemctl reset-failed "$1" 2>/dev/null || true\nsystemctl start "$1"', spec.unit),
  )
