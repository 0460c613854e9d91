import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Database } from '../../../../src/lab/standin/store/database.ts'
import { withDir } from '../scratch-dir.ts'

const put = (key: string, text: string) => ({ key, value: Buffer.from(text) })
const text = (database: Database, key: string) => database.get(key)?.toString()

test('what was written is there after a clean stop, in files that never grow again', () =>
  withDir((dir) => {
    const first = new Database(dir)
    first.write([put('a', 'one'), put('b', 'two')])
    first.write([put('a', 'three'), { key: 'b' }])
    first.close()
    expect(readdirSync(dir).sort()).toEqual(['000001.sst', '000001.vlog', 'KEYREGISTRY', 'MANIFEST'])
    const table = readFileSync(join(dir, '000001.sst'))

    const second = new Database(dir)
    expect([text(second, 'a'), text(second, 'b')]).toEqual(['three', undefined])
    second.write([put('c', 'four')])
    second.close()
    expect(readFileSync(join(dir, '000001.sst')).equals(table)).toBe(true)
    const third = new Database(dir)
    expect([text(third, 'a'), text(third, 'c')]).toEqual(['three', 'four'])
    expect(third.keys('').sort()).toEqual(['a', 'c'])
    third.close()
  }))

test('a removed key stays removed over tables', () =>
  withDir((dir) => {
    for (const change of [put('a', 'one'), { key: 'a' }]) {
      const database = new Database(dir)
      database.write([change])
      database.close()
    }
    const last = new Database(dir)
    expect(last.get('a')).toBeUndefined()
    last.close()
  }))

test('without a stop nothing is lost, and a batch that was torn never was', () =>
  withDir((dir) => {
    const first = new Database(dir)
    first.write([put('a', 'one')])
    first.write([put('b', 'two')])
    const mem = join(dir, '00001.mem')
    const whole = readFileSync(mem).subarray(0, 4096)
    first.write([put('c', 'three'), put('d', 'four')])
    first.abandon()
    // The last batch reached the disk only in part.
    const torn = readFileSync(mem).subarray(0, 4096)
    const differs = torn.findIndex((byte, at) => byte !== whole[at])
    const fd = openSync(mem, 'r+')
    writeSync(fd, Buffer.alloc(8), 0, 8, differs + 12)
    closeSync(fd)

    const second = new Database(dir)
    expect(['a', 'b', 'c', 'd'].map((key) => text(second, key))).toEqual(['one', 'two', undefined, undefined])
    expect(readdirSync(dir)).toContain('00002.mem')
    second.close()
  }))

test('its logs are preallocated and take no space', () =>
  withDir((dir) => {
    const database = new Database(dir)
    database.write([put('a', 'one')])
    const [log, mem] = ['000001.vlog', '00001.mem'].map((name) => statSync(join(dir, name)))
    expect([log?.size, mem?.size]).toEqual([2_147_483_646, 134_217_728])
    expect((log?.blocks ?? 0) + (mem?.blocks ?? 0)).toBeLessThan(1_000)
    database.close()
  }))

test('a second owner is refused in the words of the real database, and changes nothing', () =>
  withDir((dir) => {
    const owner = new Database(dir)
    const before = readFileSync(join(dir, 'MANIFEST'))
    expect(() => new Database(dir)).toThrow(
      `Cannot acquire directory lock on "${dir}".  Another process is using this Badger database. error: resource temporarily unavailable`,
    )
    expect(readFileSync(join(dir, 'MANIFEST')).equals(before)).toBe(true)
    owner.close()
    new Database(dir).close()
  }))

test('an opening alone changes bytes, never content', () =>
  withDir((dir) => {
    const first = new Database(dir)
    first.write([put('a', 'one')])
    first.close()
    const manifest = readFileSync(join(dir, 'MANIFEST'), 'utf8')
    new Database(dir).close()
    expect(readFileSync(join(dir, 'MANIFEST'), 'utf8')).not.toBe(manifest)
    const last = new Database(dir)
    expect(text(last, 'a')).toBe('one')
    last.close()
  }))
