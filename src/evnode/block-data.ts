import { createHash } from 'node:crypto'
import { messageField } from './wire.ts'

/** A header's dataHash, base64: sha256 over a zero byte and the block's transactions in protobuf (seen in recorded blocks). */
export function dataHashOf(transactions: readonly Buffer[]): string {
  const encoded = transactions.map((transaction) => messageField(2, transaction))
  return createHash('sha256')
    .update(Buffer.concat([Buffer.from([0]), ...encoded]))
    .digest('base64')
}
