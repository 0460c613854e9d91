import { z } from 'zod'

/** Rises when a field goes away, is renamed or means something else; a new field leaves it as it is. */
export const jsonVersion = 1

/** An object that a command prints, or a part of one; the meaning of each field is written beside it. */
export const object = z.strictObject

/** What a command prints: the same, with the version first. */
export const printed = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject({
    version: z.literal(jsonVersion).describe('the version of this page that the object keeps to'),
    ...shape,
  })

export const list = <T extends z.ZodType>(one: T) => z.array(one).readonly()
export const text = (meaning: string) => z.string().describe(meaning)
export const number = (meaning: string) => z.number().describe(meaning)
export const truth = (meaning: string) => z.boolean().describe(meaning)
export const orNull = <T extends z.ZodType>(one: T, meaning: string) => one.nullable().describe(meaning)
export const texts = (meaning: string) => list(z.string()).describe(meaning)
export const numbers = (meaning: string) => list(z.number()).describe(meaning)
/** ISO 8601, UTC, as `Date` prints it. */
export const time = (meaning: string) => text(`ISO time: ${meaning}`)
/** Rows of label and value, as a table shows them. */
export const pairs = (meaning: string) => list(z.tuple([z.string(), z.string()]).readonly()).describe(meaning)

export const gate = z.enum(['cutover', 'commit', 'rollback', 'finish'])
export const phase = z.enum(['prepare', 'gate', 'window', 'commit', 'after', 'abort', 'rollback', 'end'])
export const phaseName = text(`the phase of that state: ${phase.options.join(', ')}`)

export const failure = object({
  kind: z
    .enum([
      'usage',
      'blocked',
      'unreachable',
      'refused',
      'hostKey',
      'timeout',
      'budget',
      'failed',
      'contradiction',
      'locked',
      'waiting',
      'interrupted',
    ])
    .describe('the closed set of ways to fail; with `changedAnything` it decides the exit code'),
  message: text('what happened and where, one sentence'),
  changedAnything: z.enum(['no', 'yes', 'unknown']).describe('whether anything was changed on a host'),
  retryable: truth('the same command, typed again, may succeed'),
  hint: text('what to type or look at next'),
})
