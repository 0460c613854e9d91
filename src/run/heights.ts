import type { NodeRpc } from '../evnode/rpc.ts'
import type { HeightPoint } from '../journal/record.ts'

/** More points of one node than this are thinned before they are kept. */
const pointsMax = 240

/**
 * The heights that steps read from the nodes anyway, kept for the report's chart. It asks nothing by itself.
 * Bounded: a node has one point for each new height, and every second one is dropped whenever they grow too many.
 */
export class Heights {
  readonly #points = new Map<string, HeightPoint[]>()
  readonly #newest = new Map<string, number>()
  /** The least time between two kept points of a node, in ms; grows when a watch is long. */
  readonly #apartMs = new Map<string, number>()

  note(node: string, height: number, atMs: number): void {
    if (this.#newest.get(node) === height) return
    this.#newest.set(node, height)
    const points = this.#points.get(node) ?? []
    const last = points.at(-1)
    if (last !== undefined && atMs - last[0] < (this.#apartMs.get(node) ?? 0)) return
    points.push([atMs, height])
    this.#points.set(node, points.length > pointsMax ? this.#thinned(node, points) : points)
  }

  /** The last height seen of each node. */
  newest(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#newest)
  }

  /** What was seen since the last call, by node; null when nothing was. */
  take(): Readonly<Record<string, readonly HeightPoint[]>> | null {
    if (this.#points.size === 0) return null
    const taken = Object.fromEntries(this.#points)
    this.#points.clear()
    this.#apartMs.clear()
    return taken
  }

  #thinned(node: string, points: readonly HeightPoint[]): HeightPoint[] {
    const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0]
    this.#apartMs.set(node, (2 * (last - first)) / pointsMax)
    return points.filter((_, i) => i % 2 === 0)
  }
}

/** The same RPC; `seen` hears of each height it tells. */
export function watched(rpc: NodeRpc, seen: (height: number) => void): NodeRpc {
  return {
    ...rpc,
    state: async () => {
      const answer = await rpc.state()
      if (answer.kind === 'ok') seen(answer.value.lastBlockHeight)
      return answer
    },
  }
}
