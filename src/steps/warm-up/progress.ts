/** How far one full node and its client are, at one moment. */
export interface Distance {
  readonly atMs: number
  /** Of the live sequencer. */
  readonly head: number
  /** Of the full node's store; null while it tells none. */
  readonly node: number | null
  /** Of the execution client; null while it tells none. */
  readonly client: number | null
}

/** The lower of both: so far the client was led by its node. Nothing told counts as nothing done. */
export const reached = ({ node, client }: Distance) => Math.min(node ?? 0, client ?? 0)
export const behind = (distance: Distance) => Math.max(0, distance.head - reached(distance))

/** What the pace is taken from: not older than this. */
const paceWindowMs = 60_000
/** Fewer blocks than these say nothing of the pace. */
const paceBlocksMin = 20

/** How one full node gets on. */
export class Following {
  /** While it catches up; what it does at the head is the chain's pace, not its own. */
  readonly #catchingUp: Distance[] = []
  #last: Distance | null = null
  #movedAtMs: number

  constructor(nowMs: number) {
    this.#movedAtMs = nowMs
  }

  saw(distance: Distance): void {
    if (this.#last === null || reached(distance) > reached(this.#last)) this.#movedAtMs = distance.atMs
    this.#last = distance
    if (behind(distance) < paceBlocksMin) return
    this.#catchingUp.push(distance)
    while ((this.#catchingUp[0]?.atMs ?? 0) < distance.atMs - paceWindowMs) this.#catchingUp.shift()
  }

  get last(): Distance | null {
    return this.#last
  }

  /** How long it has not come further, ms. */
  stalledMs(nowMs: number): number {
    return nowMs - this.#movedAtMs
  }

  /** ms for a block while it catches up; null while too little was seen of it. */
  msPerBlock(): number | null {
    const [first, last] = [this.#catchingUp[0], this.#catchingUp.at(-1)]
    if (first === undefined || last === undefined) return null
    const blocks = reached(last) - reached(first)
    return blocks < paceBlocksMin ? null : (last.atMs - first.atMs) / blocks
  }

  /** How long until it stands at the head, which moves on every `blockTimeMs`; null while that is not known. */
  leftMs(blockTimeMs: number): number | null {
    const last = this.last
    const pace = this.msPerBlock()
    if (last === null || pace === null || pace >= blockTimeMs) return null
    // Meanwhile the chain makes blocks too.
    return (behind(last) * pace) / (1 - pace / blockTimeMs)
  }
}

/** One line for all: how far, how fast, how long. */
export function followingText(following: ReadonlyMap<string, Following>, blockTimeMs: number): string {
  const of = [...following].map(([name, one]) => `${name} ${placeText(one, blockTimeMs)}`)
  return `execution clients follow: ${of.join('; ')}`
}

function placeText(one: Following, blockTimeMs: number): string {
  const { last } = one
  if (last === null) return 'was not asked yet'
  if (last.client === null) return 'its client does not answer'
  if (last.node === null) return `its full node does not answer yet, its client is at ${last.client}`
  const pace = one.msPerBlock()
  const left = one.leftMs(blockTimeMs)
  const rate = pace === null || behind(last) === 0 ? '' : `, ${(1_000 / pace).toFixed(1)} blocks/s`
  const eta = left === null || behind(last) === 0 ? '' : `, about ${spanText(left)} left`
  return `${reached(last)} of ${last.head}${rate}${eta}`
}

/** In the unit one speaks of such a time in. */
export function spanText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 2 * 3_600) return `${Math.ceil(seconds / 60)} min`
  return seconds < 48 * 3_600 ? `${Math.ceil(seconds / 3_600)} h` : `${Math.ceil(seconds / 86_400)} days`
}
