import * as z from 'zod'
import type { Failure } from '../base/errors.ts'

const count = z.int().min(0)
const failure = z.custom<Failure>((value) => typeof value === 'object' && value !== null && 'kind' in value)

/** When a height was seen, in epoch ms by this workstation's clock, and the height. */
export type HeightPoint = readonly [atMs: number, height: number]
const heightPoint = z.tuple([z.number(), count]).readonly() satisfies z.ZodType<HeightPoint>

/** What the records of a journal say, one schema a type. A new type of record is a new row here. */
const bodies = {
  /** The first record, and only the first: what run this is, of what, by what. */
  header: z.object({
    run: z.string(),
    chain: z.string(),
    runbookDigest: z.string(),
    machineVersion: z.union([z.string(), z.number()]),
    graphHash: z.string(),
    evhaVersion: z.string(),
    /** The command line as it was typed, word by word. */
    command: z.array(z.string()).readonly(),
  }),
  /** Before an effect: it may happen from here on. */
  intent: z.object({ step: z.string(), attempt: count, key: z.string() }),
  /** After it: what was seen. An intent without one has an unknown end. */
  outcome: z.object({
    step: z.string(),
    attempt: count,
    ok: z.boolean(),
    output: z.unknown().optional(),
    failure: failure.optional(),
  }),
  /** An event given to the machine; replaying them in order rebuilds its state. */
  event: z.object({ event: z.looseObject({ type: z.string() }) }),
  /** A gate was approved, by whom, how, and bound to what. */
  approval: z.object({
    gate: z.string(),
    by: z.string(),
    /** `typed`, or `--confirm`. */
    how: z.string(),
    /** Digest of the fields it is bound to. */
    digest: z.string(),
    chain: z.string(),
    /** What was shown when it was given. */
    evidence: z.unknown(),
    /** From the question to the answer; 0 when it was approved ahead. */
    waitedMs: z.number().nonnegative(),
  }),
  /** Heights of nodes as the run's steps read them; for the report's chart, not for a decision. */
  heights: z.object({ nodes: z.record(z.string(), z.array(heightPoint).readonly()).readonly() }),
  /** A hook was begun (`end` is null), or it ended. What it wrote is in the log alone. */
  hook: z.object({
    hook: z.string(),
    attempt: count,
    /** How many times it was begun in this attempt, this one included. */
    times: count,
    end: z.object({ exit: z.union([z.int(), z.string()]), durationMs: z.number().nonnegative() }).nullable(),
  }),
  note: z.object({ text: z.string(), data: z.unknown().optional() }),
  /** Another process goes on with the run. */
  resumed: z.object({ pid: count, host: z.string(), user: z.string() }),
  /** A process holds the run on a majority of the hosts; what it writes from here on belongs to this epoch. */
  lease: z.object({ epoch: count, by: z.string() }),
  /** A process is through with the run, for now or for good. */
  ended: z.object({ outcome: z.string(), exitCode: z.int() }),
} as const

type Bodies = { readonly [Type in keyof typeof bodies]: z.infer<(typeof bodies)[Type]> }

export type RecordType = keyof Bodies

/** The body of one type of record, without `type`. */
export type Body<Type extends RecordType> = Bodies[Type]

/** What a writer hands in. */
export type Entry = { [Type in RecordType]: { readonly type: Type } & Bodies[Type] }[RecordType]

interface Envelope {
  /** 0 for the header, then one more each. */
  readonly seq: number
  /** sha256 of the line before, without its newline, in hex; zeros for the header. */
  readonly prev: string
  /** ISO time with milliseconds. */
  readonly at: string
}

/** What stands in the journal. */
export type JournalRecord = {
  [Type in RecordType]: Envelope & { readonly type: Type } & Bodies[Type]
}[RecordType]

export type RecordOf<Type extends RecordType> = Extract<JournalRecord, { type: Type }>

/** Why a parsed line is not a record this evha knows, or undefined when it is one. */
export function recordRefusal(parsed: Readonly<Record<string, unknown>>): string | undefined {
  const type = parsed['type']
  if (typeof type !== 'string' || !Object.hasOwn(bodies, type)) {
    return `its type ${JSON.stringify(type)} is not known to this version of evha`
  }
  if (typeof parsed['at'] !== 'string') return 'it has no time'
  const read = bodies[type as RecordType].safeParse(parsed)
  if (read.success) return undefined
  const [issue] = read.error.issues
  return `its ${issue?.path.map(String).join('.') || 'body'} is not what a record of type ${type} has`
}
