import { createHmac } from 'node:crypto'
import { Secret } from '../base/secret.ts'

/** The secret in a JWT file: 32 bytes in hex, `0x` before them or not (evnode.md B 10); undefined where there is none. */
export function jwtSecretIn(text: string): Secret | undefined {
  const [, hex] = /^(?:0x)?([0-9a-f]{64})$/i.exec(text.trim()) ?? []
  return hex === undefined ? undefined : new Secret(Buffer.from(hex, 'hex'))
}

/**
 * A token for the Engine API: HS256 over the moment of its making, which an execution client takes for 60 s of its own
 * clock (the Engine API's authentication; the node makes such a one for each request).
 */
export function engineToken(secret: Secret, nowMs: number): Secret {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iat: Math.floor(nowMs / 1_000) })}`
  return new Secret(`${signed}.${createHmac('sha256', secret.reveal()).update(signed).digest('base64url')}`)
}
