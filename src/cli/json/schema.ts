import type { z } from 'zod'
import * as here from './here.ts'
import * as hosts from './hosts.ts'
import * as run from './run.ts'
import { jsonVersion } from './shape.ts'

/** Every object that `--json` can put on stdout: what docs/json.md is made from, and the tests hold evha to. */
export const jsonSchemas = { ...run, ...hosts, ...here }
export type JsonName = keyof typeof jsonSchemas

/** An object for stdout, made by `jsonOf` alone: nothing without a schema is printed. */
export type Json = { readonly [N in JsonName]: z.output<(typeof jsonSchemas)[N]> }[JsonName]

type Body<N extends JsonName> = Omit<z.input<(typeof jsonSchemas)[N]>, 'version'>

/** What a command has to say, as its schema has it; the compiler holds the two together. */
export function jsonOf<N extends JsonName>(_name: N, body: Body<N>): Json {
  return { version: jsonVersion, ...body } as unknown as Json
}

/** One way to type a command, and what it prints then. */
interface Form {
  /** The command's words, then the options without which it prints something else. */
  readonly typed: string
  readonly prints: readonly JsonName[]
}

/** The first that fits what was typed counts. Any of them may end with `error` in its place. */
export const jsonForms: readonly Form[] = [
  { typed: 'init', prints: ['init'] },
  { typed: 'check --fix', prints: ['fixed'] },
  { typed: 'check --unit-file', prints: ['unitFile'] },
  { typed: 'check', prints: ['check'] },
  { typed: 'plan', prints: ['plan'] },
  { typed: 'rehearse --clean', prints: ['cleaned'] },
  { typed: 'rehearse', prints: ['rehearsal'] },
  { typed: 'migrate --dry-run', prints: ['plan'] },
  { typed: 'migrate', prints: ['report'] },
  { typed: 'resume', prints: ['report'] },
  { typed: 'adopt', prints: ['report'] },
  { typed: 'abort', prints: ['report'] },
  { typed: 'rollback', prints: ['report'] },
  { typed: 'lock', prints: ['lock'] },
  { typed: 'lock release', prints: ['lock'] },
  { typed: 'pause', prints: ['paused'] },
  { typed: 'status --watch', prints: ['watched'] },
  { typed: 'status', prints: ['status'] },
  { typed: 'explain', prints: ['explanation'] },
  { typed: 'report', prints: ['report'] },
  { typed: 'lab up', prints: ['lab'] },
  { typed: 'lab status', prints: ['lab', 'noLab'] },
  { typed: 'lab down', prints: ['labDown'] },
  { typed: 'peer-id', prints: ['peerId'] },
  { typed: 'timing', prints: ['timing'] },
  { typed: 'explain-log', prints: ['logStory'] },
  { typed: 'graph', prints: ['graph'] },
  { typed: 'prove', prints: ['proof'] },
  { typed: 'completion', prints: ['completion'] },
  { typed: 'man', prints: ['man'] },
]
