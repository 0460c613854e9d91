import fs, { fsyncSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { die } from '../../src/journal/crash-point.ts'
import type { Befalling } from './befalling.ts'

const noRoom = (): Error => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })

const write = fs.writeSync as (file: number, bytes: Buffer, offset: number, length: number) => number

/** From now on each line that this process writes into a journal is a point. */
export function struckDisk(befalling: Befalling): void {
  let isDiskFull = false
  function written(file: number, bytes: Buffer, offset: number, length: number): number {
    if (isDiskFull && file > 2) throw noRoom()
    const line = offset === 0 && Buffer.isBuffer(bytes) ? lineIn(bytes) : null
    switch (line === null ? null : befalling.comesTo('append', line)) {
      case 'kill before it':
        return die()
      case 'kill in the middle of it':
        half(file, bytes)
        return die()
      case 'kill after it':
        write(file, bytes, 0, bytes.length)
        fsyncSync(file)
        return die()
      case 'disk full on the workstation':
        isDiskFull = true
        half(file, bytes)
        throw noRoom()
      default:
        return write(file, bytes, offset, length)
    }
  }
  fs.writeSync = written as typeof fs.writeSync
  syncBuiltinESMExports()
}

/** Names a line of the journal; null when it is none: nor is a whole journal that is laid down, or what was left of a torn line. */
function lineIn(bytes: Buffer): string | null {
  if (!bytes.subarray(0, 7).equals(Buffer.from('{"seq":'))) return null
  if (bytes.indexOf('\n') !== bytes.length - 1) return null
  const record = JSON.parse(bytes.toString()) as {
    type: string
    step?: string
    gate?: string
    event?: { type: string }
  }
  return [record.type, record.step ?? record.gate ?? record.event?.type].filter(Boolean).join(' ')
}

/** Half of a line is written, and nothing any more after it. */
function half(file: number, bytes: Buffer): void {
  write(file, bytes, 0, Math.ceil(bytes.length / 2))
}
