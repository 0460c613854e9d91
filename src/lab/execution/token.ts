import { createHmac, timingSafeEqual } from 'node:crypto'
import { isObject } from '../../evnode/json.ts'

/** A token is taken so many seconds of its moment off (the Engine API's authentication). */
const tokenSecondsMax = 60

/** Why a request's `Authorization` is not taken, in go-ethereum's words; undefined when it is. */
export function tokenProblem(authorization: string | undefined, secret: Buffer): string | undefined {
  const [, head = '', claims = '', signature = ''] =
    /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization ?? '') ?? []
  if (head === '') return 'missing token'
  const mac = createHmac('sha256', secret).update(`${head}.${claims}`).digest()
  const given = Buffer.from(signature, 'base64url')
  if (fieldOf(head, 'alg') !== 'HS256') return 'token signature is invalid: signing method is invalid'
  if (given.length !== mac.length || !timingSafeEqual(given, mac))
    return 'token signature is invalid: signature is invalid'
  const issuedAt = fieldOf(claims, 'iat')
  if (typeof issuedAt !== 'number') return 'missing issued-at'
  const ageSeconds = Date.now() / 1_000 - issuedAt
  if (ageSeconds > tokenSecondsMax) return 'stale token'
  return ageSeconds < -tokenSecondsMax ? 'future token' : undefined
}

function fieldOf(part: string, name: string): unknown {
  try {
    const read: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isObject(read) ? read[name] : undefined
  } catch {
    return undefined
  }
}
