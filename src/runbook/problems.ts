import type * as z from 'zod'
import { nearestKey } from './nearest-key.ts'
import { keysAt } from './schema.ts'
import type { Problem } from './source-text.ts'

type Issue = z.core.$ZodIssue

const example = 'runbooks/single-to-ha.yaml explains every key'

/** What zod found, in the operator's words. */
export function problemsOf(issues: readonly Issue[], value: unknown): Problem[] {
  return issues.flatMap((issue) => problemOf(issue, value))
}

function problemOf(issue: Issue, value: unknown): Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, issue.path, value))
  const place = placeOf(issue.path, value)
  // A refused key is refused with whatever value, even none.
  if (isAbsent(issue.input) && issue.code !== 'custom') return [missing(issue.path, place)]
  if (issue.code === 'invalid_union') {
    return branchMeant(issue).flatMap((inner) =>
      problemOf({ ...inner, path: [...issue.path, ...inner.path] }, value),
    )
  }
  if (issue.code === 'invalid_type') return [wrongType(issue, place)]
  const hint = issue.code === 'custom' ? issue.params?.['hint'] : undefined
  return [
    {
      path: issue.path,
      message: `${place} ${issue.message}`,
      hint: typeof hint === 'string' ? hint : example,
    },
  ]
}

/** Of two ways to write a value the one that was tried: the long form once it got as far as its keys. */
function branchMeant(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] {
  const deep = issue.errors.find((branch) =>
    branch.some((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  )
  return deep ?? issue.errors[0] ?? []
}

function unknownKey(key: string, path: readonly PropertyKey[], value: unknown): Problem {
  const known = keysAt(path)
  const near = nearestKey(key, known)
  const where = path.length === 0 ? 'at the top of the runbook' : `in ${placeOf(path, value)}`
  const meant = near === undefined ? `known are ${known.join(', ')}` : `the nearest known key is \`${near}\``
  return {
    path: [...path, key],
    atKey: true,
    message: `unknown key \`${key}\` ${where}: ${meant}`,
    hint:
      near === undefined ? `take \`${key}\` out; ${example}` : `write \`${near}\`, or take \`${key}\` out`,
  }
}

const shapes: Readonly<Record<string, string>> = {
  object: 'must be a set of keys',
  array: 'must be a list',
}

function wrongType(issue: z.core.$ZodIssueInvalidType, place: string): Problem {
  const { path, expected, message } = issue
  const shape = shapes[expected] ?? message
  return { path, message: `${path.length === 0 ? 'a runbook' : place} ${shape}`, hint: example }
}

function isAbsent(input: unknown): boolean {
  return input === undefined || input === null
}

function missing(path: readonly PropertyKey[], place: string): Problem {
  const message = path.length === 0 ? 'the runbook is empty' : `${place} is missing`
  return { path, message, hint: `write it; ${example}` }
}

/** `nodes[2] (node-3): ssh.port` in the words of a reader: `ssh.port of node-3`. */
export function placeOf(path: readonly PropertyKey[], value: unknown): string {
  const [first, index, ...rest] = path
  if (first !== 'nodes' || typeof index !== 'number') return path.map(String).join('.')
  const node = nodeLabel(value, index)
  return rest.length === 0 ? node : `${rest.map(String).join('.')} of ${node}`
}

function nodeLabel(value: unknown, index: number): string {
  const nodes = (value as { nodes?: readonly unknown[] } | null)?.nodes
  const name = (nodes?.[index] as { name?: unknown } | null | undefined)?.name
  return typeof name === 'string' ? name : `the node number ${index + 1}`
}
