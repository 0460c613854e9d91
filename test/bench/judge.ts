// What came of a cutover, judged from the nodes' own blocks and from systemd's journal on the hosts: the same for every
// way of migrating, and past the tool that did it.
import { type LogLine, readLogLine } from '../../src/evnode/log-line.ts'
import { meaningOf } from '../../src/evnode/logs.ts'
import { type Chain, chainOf } from '../hosts/blocks.ts'
import type { Hosts } from '../hosts/hosts.ts'

const quorum = 3
/** So many blocks after the gap a node must hold, within so long, to count as one that takes part. */
const blocksAfter = 5
const patienceMs = 20_000
/** Without a block for so long after the cutover, the chain stands still. */
const stallMs = 120_000
const pollMs = 500
const errorMax = 160

export interface Verdict {
  /** Time of the last old block to time of the first one after it, ms; null where none came. */
  readonly gapMs: number | null
  /** What is left of the gap without what the node itself takes; null where the journals do not show it. */
  readonly ownMs: number | null
  readonly voting: number
  readonly forks: number
  /** How often systemd had to start a node again. */
  readonly restarts: number
  /**
   * The other parts of the gap, ms; with `ownMs` they are all of it. The last old block to the stop; stop to exit of the
   * single sequencer; a warm node's start to Raft, where one was waited for; the last needed start to the first block.
   */
  readonly beforeStopMs?: number | null
  readonly stopMs: number | null
  readonly warmMs?: number | null
  readonly firstBlockMs: number | null
  /** Where not all five vote: what each node's unit is at, and the last error it logged. */
  readonly states?: readonly string[]
}

/** What a cutover came to, in a word or two. */
export function outcomeOf({ gapMs, voting, forks }: Verdict): string {
  if (forks > 0) return `fork, ${voting} of 5 voting`
  if (gapMs === null) return 'stall'
  return `${voting} of 5 voting`
}

/** `head` is a height the single sequencer had before the cutover, `sinceMs` the epoch ms of that. */
export async function judge(hosts: Hosts, head: number, sinceMs: number): Promise<Verdict> {
  const ask = () => Promise.all(hosts.names.map((host) => chainOf(hosts, host, head)))
  const gap = await within(stallMs, async () => gapIn(await ask()))
  const takesPart = (chain: Chain | undefined) =>
    gap !== undefined && chain !== undefined && chain.head >= gap.next + blocksAfter
  const all = async () => {
    const chains = await ask()
    return chains.every(takesPart) ? chains : undefined
  }
  const chains = (gap && (await within(patienceMs, all))) ?? (await ask())
  const longest = longestOf(chains)
  const seen = await Promise.all(hosts.names.map((host) => journalOf(hosts, host, sinceMs)))
  const voting = chains.filter((chain) => takesPart(chain) && sameAs(longest, chain as Chain)).length
  return {
    gapMs: gap === undefined ? null : gap.toMs - gap.fromMs,
    ...partsOf(seen, gap),
    voting,
    forks: forksIn(chains),
    restarts: seen.reduce((sum, { restarts }) => sum + restarts, 0),
    ...(voting === hosts.names.length
      ? {}
      : { states: seen.map(({ state }, k) => `${hosts.names[k]}: ${state}`) }),
  }
}

/** Asks until there is an answer, or the time is over. */
async function within<T>(timeoutMs: number, ask: () => Promise<T | undefined>): Promise<T | undefined> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined || Date.now() > deadlineMs) return answer
    await new Promise((wake) => setTimeout(wake, pollMs))
  }
}

interface Gap {
  readonly fromMs: number
  readonly toMs: number
  /** The first height after it. */
  readonly next: number
}

/** Blocks come each second: what is longer than three is the gap. */
function gapIn(chains: readonly (Chain | undefined)[]): Gap | undefined {
  const { head, timesMs } = longestOf(chains) ?? { head: 0, timesMs: [] }
  const at = timesMs.findIndex((time, k) => k > 0 && time - (timesMs[k - 1] ?? time) > 3_000)
  if (at === -1) return undefined
  return { fromMs: timesMs[at - 1] ?? 0, toMs: timesMs[at] ?? 0, next: head - timesMs.length + 1 + at }
}

const longestOf = (chains: readonly (Chain | undefined)[]): Chain | undefined =>
  chains.reduce((a, b) => ((b?.links.length ?? 0) > (a?.links.length ?? 0) ? b : a), undefined)

const sameAs = (longest: Chain | undefined, one: Chain) =>
  one.links.every((link, k) => longest?.links[k] === link)

/** Heights at which two nodes hold different blocks. */
function forksIn(chains: readonly (Chain | undefined)[]): number {
  const length = Math.max(...chains.map((chain) => chain?.links.length ?? 0))
  return Array.from({ length }, (_, k) => new Set(chains.flatMap((chain) => chain?.links[k] ?? []))).filter(
    ({ size }) => size > 1,
  ).length
}

/** Epoch ms of what one host's journal shows of its node; undefined where it does not. */
interface Seen {
  readonly stopMs: number | undefined
  readonly exitMs: number | undefined
  /** The first start after `sinceMs`. */
  readonly startMs: number | undefined
  readonly raftMs: number | undefined
  readonly restarts: number
  /** What its unit is at, and its last error. */
  readonly state: string
}

/** Why a node ended, or what it counts as an error. */
function errorIn(line: LogLine): string[] {
  const meaning = meaningOf(line)
  if (meaning?.kind === 'fatal') return [meaning.error.slice(0, errorMax)]
  return line.level === 'error' ? [(line.fields['error'] ?? line.message).slice(0, errorMax)] : []
}

async function journalOf(hosts: Hosts, host: string, sinceMs: number): Promise<Seen> {
  const since = `--since @${Math.floor(sinceMs / 1000)}`
  const { stdout } = await hosts.on(
    host,
    `journalctl -q -u ev-node.service -o json --output-fields=MESSAGE ${since}; systemctl show ev-node -p NRestarts -p ActiveState -p SubState`,
  )
  const lines = stdout.split('\n').map(readLogLine)
  const first = (fits: (line: (typeof lines)[number]) => boolean) => lines.find(fits)?.atMs
  const shown = (name: string) => new RegExp(`^${name}=(.*)`, 'm').exec(stdout)?.[1]
  const lastError = lines.flatMap(errorIn).at(-1)
  const startMs = first(({ message }) => message.startsWith('Started ev-node.service'))
  return {
    stopMs: first((line) => meaningOf(line)?.kind === 'shuttingDown'),
    exitMs: first(({ message }) => message.startsWith('ev-node.service: Deactivated')),
    startMs,
    raftMs: first((line) => {
      const kind = meaningOf(line)?.kind
      return (
        (line.atMs ?? 0) >= (startMs ?? Number.POSITIVE_INFINITY) &&
        (kind === 'raftStarted' || kind === 'bootstrapped')
      )
    }),
    restarts: Number(shown('NRestarts') ?? 0),
    state: `${shown('ActiveState')} (${shown('SubState')}), started again ${shown('NRestarts')} times${lastError === undefined ? '' : `; ${lastError}`}`,
  }
}

type Parts = Pick<Verdict, 'ownMs' | 'beforeStopMs' | 'stopMs' | 'warmMs' | 'firstBlockMs'>

/**
 * The orchestrator's part: the gap without the time to the stop, the stop itself, a warm node's way to Raft where it was
 * waited for, and the q-th start to the first block.
 */
function partsOf(seen: readonly Seen[], gap: Gap | undefined): Parts {
  const { stopMs, exitMs } = seen[0] ?? {}
  const starts = seen
    .filter(({ startMs }) => startMs !== undefined)
    .sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0))
  const needed = starts[quorum - 1]?.startMs
  if (gap === undefined || stopMs === undefined || exitMs === undefined || needed === undefined)
    return { ownMs: null, beforeStopMs: null, stopMs: null, warmMs: null, firstBlockMs: null }
  const warm = starts
    .slice(0, quorum - 1)
    .flatMap(({ startMs = 0, raftMs }) => (raftMs !== undefined && raftMs < needed ? [raftMs - startMs] : []))
  const warmMs = Math.max(0, ...warm)
  return {
    ownMs: needed - exitMs - warmMs,
    beforeStopMs: stopMs - gap.fromMs,
    stopMs: exitMs - stopMs,
    warmMs,
    firstBlockMs: gap.toMs - needed,
  }
}
