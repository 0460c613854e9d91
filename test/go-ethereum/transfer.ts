// Transfers as a wallet signs them: a real execution client takes nothing else.
import { randomBytes } from 'node:crypto'
import { hexOf, rlpBytes, rlpList, trimmed } from '../../src/lab/execution/block.ts'
import { keccak256 } from '../../src/lab/execution/keccak.ts'

/** secp256k1 (SEC 2, 2.4.1): field, order and base point. */
const field = 2n ** 256n - 2n ** 32n - 977n
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const base: Point = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
]

type Point = readonly [x: bigint, y: bigint]

export interface Transfer {
  /** The sender's private key. */
  readonly key: bigint
  readonly chainId: number
  readonly nonce: number
  /** Address, hex with 0x. */
  readonly to: string
  readonly wei: bigint
}

const gasPrice = 10_000_000_000n
const gas = 21_000n

/** A signed legacy transaction (EIP-155), hex with 0x. */
export function signedTransfer({ key, chainId, nonce, to, wei }: Transfer): string {
  const fields = [BigInt(nonce), gasPrice, gas].map(number)
  const known = [...fields, rlpBytes(Buffer.from(to.slice(2), 'hex')), number(wei), rlpBytes(Buffer.alloc(0))]
  const digest = keccak256(rlpList([...known, ...[BigInt(chainId), 0n, 0n].map(number)]))
  const { r, s, parity } = signed(BigInt(hexOf(digest)), key)
  return hexOf(rlpList([...known, ...[BigInt(35 + 2 * chainId + parity), r, s].map(number)]))
}

/** The account of a key, hex with 0x. */
export function accountOf(key: bigint): string {
  const [x, y] = times(base, key)
  return `0x${keccak256(Buffer.concat([bytes32(x), bytes32(y)]))
    .toString('hex')
    .slice(-40)}`
}

function signed(digest: bigint, key: bigint): { r: bigint; s: bigint; parity: number } {
  const nonce = BigInt(hexOf(randomBytes(32))) % order
  const [x, y] = times(base, nonce)
  const r = x % order
  const s = (inverse(nonce, order) * (digest + r * key)) % order
  if (r === 0n || s === 0n) return signed(digest, key)
  // Only the lower of both is taken (EIP-2).
  const odd = Number(y & 1n)
  return s > order / 2n ? { r, s: order - s, parity: 1 - odd } : { r, s, parity: odd }
}

function times(point: Point, factor: bigint): Point {
  let sum: Point | undefined
  let doubled = point
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = sum === undefined ? doubled : plus(sum, doubled)
    doubled = plus(doubled, doubled)
  }
  if (sum === undefined) throw new Error('a factor is at least 1')
  return sum
}

function plus([x1, y1]: Point, [x2, y2]: Point): Point {
  const slope =
    x1 === x2 && y1 === y2
      ? 3n * x1 * x1 * inverse(2n * y1, field)
      : (y2 - y1) * inverse(modulo(x2 - x1, field), field)
  const x = modulo(slope * slope - x1 - x2, field)
  return [x, modulo(slope * (x1 - x) - y1, field)]
}

/** By Fermat: both moduli are prime. */
function inverse(value: bigint, prime: bigint): bigint {
  let result = 1n
  let power = modulo(value, prime)
  for (let rest = prime - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * power) % prime
    power = (power * power) % prime
  }
  return result
}

const modulo = (value: bigint, prime: bigint) => ((value % prime) + prime) % prime
const bytes32 = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
const number = (value: bigint) => rlpBytes(Buffer.from(trimmed(`0x${value.toString(16)}`).slice(2), 'hex'))
