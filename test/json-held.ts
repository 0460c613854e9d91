import { z } from 'zod'
import { type JsonName, jsonForms, jsonSchemas } from '../src/cli/json/schema.ts'

/** What the command that was typed may print with --json; null for no command of evha. */
export function printsOf(args: readonly string[]): readonly JsonName[] | null {
  const fits = jsonForms.filter(({ typed }) => typed.split(' ').every((word) => args.includes(word)))
  // `lock release` fits `lock` too: the one with more words is meant.
  const [best] = fits.sort((a, b) => b.typed.split(' ').length - a.typed.split(' ').length)
  return best?.prints ?? null
}

/** Throws when what evha printed with --json is not what docs/json.md promises; without --json it looks at nothing. */
export function heldToSchema(args: readonly string[], stdout: string): void {
  if (!args.includes('--json') || stdout.trim() === '') return
  const names = printsOf(args)
  const schemas = [...(names ?? []), 'error' as const].map((name) => jsonSchemas[name])
  for (const object of args.includes('--watch') ? stdout.trim().split('\n') : [stdout]) {
    const tried = schemas.map((schema) => schema.safeParse(JSON.parse(object)))
    if (tried.some(({ success }) => success)) continue
    const why = tried.map(
      ({ error }, k) => `${names?.[k] ?? 'error'}: ${error ? z.prettifyError(error) : ''}`,
    )
    throw new Error(`evha ${args.join(' ')} printed what docs/json.md does not say:\n${why.join('\n')}`)
  }
}
