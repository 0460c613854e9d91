/** What a case saw, free of times, random keys, ports and directories: plain JSON. */
export type Seen = null | string | number | boolean | readonly Seen[] | { readonly [name: string]: Seen }
export type Observation = Readonly<Record<string, Seen>>

/** What came of one case on one node. */
export type Outcome =
  | { readonly kind: 'seen'; readonly observation: Observation }
  /** The node could not be brought into this situation here. */
  | { readonly kind: 'notReachable'; readonly why: string }
  /** It went wrong in a way the case does not expect. */
  | { readonly kind: 'failed'; readonly why: string }

/** Thrown by a case that cannot bring a node into its situation on this machine. */
export class NotReachable extends Error {}

/** One value that two nodes do not share; '(nothing)' where one has none. */
export interface Difference {
  readonly at: string
  readonly standIn: string
  readonly real: string
}

export type Verdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'differs'; readonly differences: readonly Difference[] }
  | { readonly kind: 'notReachable'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

/** Holds the stand-in's outcome of a case against the real node's. */
export function compare(standIn: Outcome, real: Outcome): Verdict {
  if (standIn.kind === 'failed') return { kind: 'failed', why: `stand-in: ${standIn.why}` }
  if (real.kind === 'failed') return { kind: 'failed', why: `real node: ${real.why}` }
  if (real.kind === 'notReachable') return { kind: 'notReachable', why: `real node: ${real.why}` }
  if (standIn.kind === 'notReachable') return { kind: 'notReachable', why: `stand-in: ${standIn.why}` }
  const differences = differencesOf(standIn.observation, real.observation, '')
  return differences.length === 0 ? { kind: 'same' } : { kind: 'differs', differences }
}

function differencesOf(standIn: Seen | undefined, real: Seen | undefined, at: string): Difference[] {
  if (isNest(standIn) && isNest(real)) {
    const names = [...new Set([...Object.keys(real), ...Object.keys(standIn)])]
    return names.flatMap((name) =>
      differencesOf(standIn[name], real[name], at === '' ? name : `${at}.${name}`),
    )
  }
  if (Array.isArray(standIn) && Array.isArray(real) && standIn.length === real.length)
    return real.flatMap((one: Seen, k) => differencesOf(standIn[k] as Seen, one, `${at}[${k}]`))
  const [left, right] = [written(standIn), written(real)]
  return left === right ? [] : [{ at, standIn: left, real: right }]
}

function isNest(seen: Seen | undefined): seen is { readonly [name: string]: Seen } {
  return typeof seen === 'object' && seen !== null && !Array.isArray(seen)
}

function written(seen: Seen | undefined): string {
  return seen === undefined ? '(nothing)' : JSON.stringify(seen)
}

/**
 * The shape of an answer in JSON: names and kinds of values, not the values. Words stay as they are, since evha reads
 * them.
 */
export function shapeOf(value: unknown): Seen {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, one]) => [name, shapeOf(one)]),
    )
  if (typeof value !== 'string') return typeof value
  if (/^\d{19}$/.test(value)) return 'nanoseconds in text'
  if (/^\d+$/.test(value)) return 'integer in text'
  if (/^\d{4}-\d\d-\d\dT[\d:]+(\.\d+)?Z$/.test(value)) return 'time'
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length >= 8 && bytes.toString('base64') === value) return `${bytes.length} bytes`
  return value
}
