import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { EvhaError } from '../base/errors.ts'
import type { Liveness } from './process-identity.ts'

const ownerSchema = z.object({
  pid: z.int().min(1),
  startTime: z.string(),
  host: z.string(),
  bootId: z.string().exactOptional(),
  pidNamespace: z.string().exactOptional(),
  chain: z.string(),
  run: z.string(),
  user: z.string(),
  /** ISO time. */
  since: z.string(),
  /** Tells two holds of one process apart. */
  nonce: z.string(),
})

/** Who holds a chain on this workstation. */
export type LockOwner = Readonly<z.infer<typeof ownerSchema>>

/** The owner written in a lock or guard file; undefined when there is no such file. */
export function readOwnerFile(path: string): LockOwner | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const read = ownerSchema.safeParse(parsed(text))
  if (read.success) return read.data
  throw new EvhaError({
    kind: 'locked',
    message: `the lock file ${path} cannot be read, so nobody knows who holds it`,
    changedAnything: 'no',
    retryable: false,
    hint: 'make sure that no evha runs for this chain, then remove that file',
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The refusal that names a living owner, and what to type. */
export function locked(owner: LockOwner, liveness: Liveness, path: string): EvhaError {
  const where = `process ${owner.pid} on ${owner.host}`
  const message = `${owner.user} holds the chain ${owner.chain}: ${where}, run ${owner.run}, since ${owner.since}`
  const hint =
    liveness === 'alive'
      ? `wait for it, watch it with \`evha status ${owner.run}\`, or stop it with \`evha pause ${owner.run}\``
      : `that process cannot be seen from here; once it is gone for sure, remove ${path}`
  return new EvhaError({ kind: 'locked', message, changedAnything: 'no', retryable: true, hint })
}
