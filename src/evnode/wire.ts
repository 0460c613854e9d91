/** The little of protobuf's wire format that headers need: varints and length-delimited fields. */

/** A decoded field: a varint, or bytes; `raw` is the field as it stood, tag included. */
export interface Field {
  readonly number: number
  readonly varint?: bigint
  readonly bytes?: Buffer
  readonly raw: Buffer
}

const varintBytesMax = 10

/** A varint field; nothing for zero, as proto3 writes it. */
export function varintField(number: number, value: bigint | number): Buffer {
  const wide = BigInt(value)
  return wide === 0n ? Buffer.alloc(0) : Buffer.concat([varint(BigInt(number) << 3n), varint(wide)])
}

/** A field of bytes or a message; nothing when empty, as proto3 writes scalars. */
export function bytesField(number: number, value: Buffer): Buffer {
  return value.length === 0 ? Buffer.alloc(0) : messageField(number, value)
}

/** A message field, written even when the message is empty. */
export function messageField(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint((BigInt(number) << 3n) | 2n), varint(BigInt(value.length)), value])
}

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

/** The fields of a message in their order, or undefined where the bytes are no message of these two kinds. */
export function fieldsOf(message: Buffer): readonly Field[] | undefined {
  const fields: Field[] = []
  let at = 0
  while (at < message.length) {
    const start = at
    const tag = readVarint(message, at)
    if (tag === undefined) return undefined
    const value = readVarint(message, tag.end)
    if (value === undefined) return undefined
    const number = Number(tag.value >> 3n)
    const kind = tag.value & 7n
    if (kind === 0n) {
      at = value.end
      fields.push({ number, varint: value.value, raw: message.subarray(start, at) })
    } else if (kind === 2n && value.value <= BigInt(message.length - value.end)) {
      at = value.end + Number(value.value)
      fields.push({ number, bytes: message.subarray(value.end, at), raw: message.subarray(start, at) })
    } else {
      return undefined
    }
  }
  return fields
}

/** A varint that begins at `start`, and where it ends; undefined where it is cut off. */
export function readVarint(from: Buffer, start: number): { value: bigint; end: number } | undefined {
  let value = 0n
  for (let index = 0; index < varintBytesMax; index += 1) {
    const byte = from[start + index]
    if (byte === undefined) return undefined
    value |= BigInt(byte & 127) << BigInt(7 * index)
    if (byte < 128) return { value: BigInt.asUintN(64, value), end: start + index + 1 }
  }
  return undefined
}
