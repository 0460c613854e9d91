import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { EvhaError } from '../base/errors.ts'
import type { Plan } from './plan.ts'

/** The first key of a saved plan: a file that begins so is meant as one. */
const mark = 'evhaPlan'
const formatVersion = 1
/** What every saved plan begins with. */
export const planMark = `{\n  "${mark}"`

/** What a saved plan is read for; the rest of it is for people and covered by the digest. */
const savedPlan = z.object({
  chain: z.string(),
  runbook: z.object({ path: z.string(), digest: z.string() }),
  evha: z.object({ version: z.string(), graph: z.string() }),
  world: z.object({
    binarySha256: z.string(),
    genesisSha256: z.string(),
    sourceConfigSha256: z.string(),
    sourceUnitSha256: z.string(),
    proposerAddress: z.string(),
    head: z.object({ height: z.number(), hash: z.string() }),
  }),
})
export type SavedPlan = z.infer<typeof savedPlan>

const envelope = z.object({
  [mark]: z.literal(formatVersion),
  digest: z.string(),
  plan: z.record(z.string(), z.unknown()),
})

/** sha256, hex, over the plan as it stands in the file. */
const digestOf = (plan: unknown) => createHash('sha256').update(JSON.stringify(plan)).digest('hex')

/** True for a file that means to be a saved plan; what is wrong with it is for `readPlan` to say. */
export function isPlanFile(path: string): boolean {
  try {
    return new RegExp(`^\\s*\\{\\s*"${mark}"`).test(readFileSync(path, 'utf8').slice(0, 1_000))
  } catch {
    return false
  }
}

/** The text of a saved plan; it begins with `planMark`. */
export function planFileText(plan: Plan): string {
  return `${JSON.stringify({ [mark]: formatVersion, digest: digestOf(plan), plan }, null, 2)}\n`
}

/** Reads a saved plan. Throws EvhaError 'usage' for one that is cut, was changed by hand, or is of another format. */
export function readPlan(path: string): SavedPlan {
  const again = `make it again: evha plan RUNBOOK --out ${path}`
  const found = envelope.safeParse(parsed(path, again))
  if (!found.success) throw usage(`${path} is no plan that this version of evha reads`, again)
  if (digestOf(found.data.plan) !== found.data.digest)
    throw usage(`${path} was changed after it was written: its digest does not fit`, again)
  const plan = savedPlan.safeParse(found.data.plan)
  if (!plan.success) throw usage(`${path} is no plan that this version of evha reads`, again)
  return plan.data
}

function parsed(path: string, hint: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw usage(`${path} can not be read as a plan: it is cut or no JSON`, hint, cause)
  }
}

function usage(message: string, hint: string, cause?: unknown): EvhaError {
  return new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint }, { cause })
}
