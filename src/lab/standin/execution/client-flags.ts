import { readFileSync } from 'node:fs'
import { Secret } from '../../../base/secret.ts'
import { goErrorText, NodeFailure } from '../failure.ts'
import type { Flags } from '../flags.ts'

/** What the flags say of a node's execution client. */
export interface ClientFlags {
  readonly ethUrl: string
  readonly engineUrl: string
  readonly secret: Secret
  readonly genesisHash: string
  readonly feeRecipient: string
}

/** Reads the flags and the JWT file, in the real node's order and words. Throws NodeFailure. */
export function clientFlags(flags: Flags): ClientFlags {
  const flag = (name: string) => flags.given.get(`evm.${name}`) ?? ''
  return {
    ethUrl: flag('eth-url') || 'http://localhost:8545',
    engineUrl: flag('engine-url') || 'http://localhost:8551',
    secret: secretIn(flag('jwt-secret-file')),
    genesisHash: padded(flag('genesis-hash'), 64),
    feeRecipient: padded(flag('fee-recipient'), 40),
  }
}

function secretIn(file: string): Secret {
  if (file === '') throw new NodeFailure('JWT secret file must be provided via --evm.jwt-secret-file')
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (thrown) {
    throw new NodeFailure(
      `failed to read JWT secret from file '${file}': open ${file}: ${goErrorText(thrown)}`,
    )
  }
  if (text === '') throw new NodeFailure(`JWT secret file '${file}' is empty`)
  const digits = text.replace(/^0x/, '')
  const odd = /[^0-9a-f]/i.exec(digits)?.[0]
  if (odd !== undefined)
    throw new NodeFailure(`failed to decode JWT secret: encoding/hex: invalid byte: ${codePoint(odd)}`)
  if (digits.length % 2 === 1)
    throw new NodeFailure('failed to decode JWT secret: encoding/hex: odd length hex string')
  return new Secret(Buffer.from(digits, 'hex'))
}

/** As Go prints a character: U+0078 'x'. */
const codePoint = (text: string) =>
  `U+${(text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} '${text}'`

/** A hash or an address as Ethereum's library reads one from a flag: whatever is there, filled up with zeros. */
const padded = (text: string, digits: number) =>
  `0x${text.toLowerCase().replace(/^0x/, '').padStart(digits, '0').slice(-digits)}`
