import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { EvhaError } from '../base/errors.ts'
import { makePrivateDirectory } from '../journal/private-directory.ts'
import { writeNewFile } from '../journal/write-file.ts'

/** What was rehearsed. Another one of these is another migration; the digest is over exactly this. */
const subject = z.object({
  binarySha256: z.string(),
  /** Of the settings that decide how the node behaves. */
  settingsSha256: z.string(),
  /** The Raft timing as the runbook has it. */
  timing: z.string(),
  nodes: z.number(),
  evhaVersion: z.string(),
  /** Of the state machine. */
  graphHash: z.string(),
})
export type Subject = z.infer<typeof subject>

const spread = z.object({ p50Ms: z.number(), p95Ms: z.number(), samples: z.number() })
export type Spread = z.infer<typeof spread>

const record = z.object({
  version: z.literal(1),
  id: z.string(),
  at: z.string(),
  /** True when every part of it went as it must. */
  ok: z.boolean(),
  on: z.enum(['lab', 'staging']),
  /** True when the nodes were the lab's stand-ins. */
  standIn: z.boolean(),
  chain: z.string(),
  runbook: z.string(),
  /** Ids of its runs; they lie in the state directory as any run does. */
  runs: z.array(z.string()),
  subject,
  digest: z.string(),
  /** How long each part of the window took, by its name. */
  parts: z.record(z.string(), spread),
  gap: spread.nullable(),
  /** From the end of the budget to a new block of the single sequencer. */
  overrun: spread.nullable(),
  /** From the last block before the leader was killed to the first one after. */
  failover: spread.nullable(),
  /** From the kill of the leader until every node voted again. */
  allVoting: spread.nullable(),
  /** From the approval of the rollback to a new block of the single sequencer. */
  rollback: spread.nullable(),
  /** What a block took to be replayed to an execution client, the slowest of what was seen, ms; absent on a chain without. */
  replayMsPerBlock: z.number().exactOptional(),
  seededBytes: z.number(),
  /** Heights that were signed twice; there must be none. */
  signedTwice: z.array(z.number()),
  failure: z.string().nullable(),
})
export type RehearsalRecord = z.infer<typeof record>

/** sha256, hex, over what was rehearsed. */
export function subjectDigest(of: Subject): string {
  const { binarySha256, settingsSha256, timing, nodes, evhaVersion, graphHash } = of
  const fields = [binarySha256, settingsSha256, timing, nodes, evhaVersion, graphHash]
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex')
}

const directory = (stateDir: string) => join(stateDir, 'rehearsals')

/** Keeps a record in the state directory; returns its path. */
export function keepRecord(stateDir: string, kept: RehearsalRecord): string {
  const dir = directory(stateDir)
  makePrivateDirectory(dir)
  const path = join(dir, `${kept.id}.json`)
  writeNewFile(path, `${JSON.stringify(kept, null, 2)}\n`)
  return path
}

/** Every record of a state directory, the newest first; a file that is none is passed over. */
export function listRecords(stateDir: string): RehearsalRecord[] {
  const dir = directory(stateDir)
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const read = parsed(join(dir, name))
      return read === null ? [] : [read]
    })
    .sort((one, other) => (one.at < other.at ? 1 : -1))
}

/** The newest good record with that digest, or its first twelve digits at least. Throws EvhaError 'blocked'. */
export function findRecord(stateDir: string, wanted: string): RehearsalRecord {
  const again = 'evha rehearse STAGING-RUNBOOK --production RUNBOOK makes one'
  const fitting = listRecords(stateDir).filter(
    ({ digest }) => wanted.length >= 12 && digest.startsWith(wanted),
  )
  const good = fitting.find(({ ok }) => ok)
  if (good !== undefined) return good
  const [bad] = fitting
  if (bad !== undefined)
    throw blocked(`the rehearsal ${bad.id} did not go well: ${bad.failure ?? 'it was not finished'}`, again)
  throw blocked(`no rehearsal ${wanted} is kept in ${directory(stateDir)}`, again)
}

function parsed(path: string): RehearsalRecord | null {
  try {
    const read = record.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    // A record that was changed by hand is none.
    return read.success && subjectDigest(read.data.subject) === read.data.digest ? read.data : null
  } catch {
    return null
  }
}

/** Median and 95th percentile of what was measured; null where nothing was. */
export function spreadOf(samples: readonly number[]): Spread | null {
  if (samples.length === 0) return null
  const sorted = samples.toSorted((one, other) => one - other)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0
  return { p50Ms: Math.round(at(0.5)), p95Ms: Math.round(at(0.95)), samples: sorted.length }
}

const blocked = (message: string, hint: string) =>
  new EvhaError({ kind: 'blocked', message, changedAnything: 'no', retryable: true, hint })
