import { EvhaError } from '../base/errors.ts'

/** A JSON object whose fields are not yet known. */
export type Json = Record<string, unknown>

function wrong(what: string, message: string, cause?: unknown): EvhaError {
  return new EvhaError(
    {
      kind: 'usage',
      message: `${what}: ${message}`,
      changedAnything: 'no',
      retryable: false,
      hint: `look at ${what}: it must be the file the node itself wrote`,
    },
    { cause },
  )
}

/** The JSON object in `text`. `what` names the file in the error (usage). */
export function objectIn(text: string, what: string): Json {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw wrong(what, 'not JSON', cause)
  }
  if (!isObject(value)) throw wrong(what, 'not a JSON object')
  return value
}

/** The JSON object in `text`, or undefined: for answers of a peer that may say anything. */
export function objectOr(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text field that must be there and not empty. */
export function textField(from: Json, name: string, what: string): string {
  const value = from[name]
  if (typeof value !== 'string' || value === '') throw wrong(what, `has no ${name}`)
  return value
}

/** A base64 field of a known length in bytes. */
export function bytesField(from: Json, name: string, what: string, length: number): Buffer {
  const text = textField(from, name, what)
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== length || bytes.toString('base64') !== text) {
    throw wrong(what, `${name} is not ${length} bytes in base64`)
  }
  return bytes
}
