import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { built } from '../../cli/built.ts'
import { withDir } from '../standin/scratch-dir.ts'
import { ClientProcess, genesisOf } from './client.ts'
import { makeBlock } from './make-block.ts'

const zero = `0x${'0'.repeat(64)}`

test('a client builds blocks, keeps its head over a kill, and goes back when it is told to build there', () =>
  withDir(async (dir) => {
    await built()
    const client = await ClientProcess.started(join(dir, 'a'))
    try {
      expect(await client.eth('eth_chainId')).toBe('0x4d2')
      const hash = await client.eth('eth_sendRawTransaction', '0xc0ffee')
      expect(await client.eth('txpool_status')).toEqual({ pending: '0x1', queued: '0x0' })
      await expect(client.eth('eth_sendRawTransaction', '0xc0ffee')).rejects.toThrow('already known')
      const first = await makeBlock(client, { timestamp: 5 })
      const second = await makeBlock(client, { timestamp: 5, transactions: ['0xc0ffee'] })
      expect(await client.eth('txpool_status')).toEqual({ pending: '0x0', queued: '0x0' })
      await expect(client.eth('eth_sendRawTransaction', '0xC0FFEE')).rejects.toThrow('nonce too low')
      expect(await client.eth('eth_getBlockByNumber', 'latest', false)).toMatchObject({
        hash: second['blockHash'],
        parentHash: first['blockHash'],
        transactions: [hash],
      })
      expect(second['stateRoot']).not.toBe(first['stateRoot'])
      await client.kill()
      await client.start()
      expect(await client.height()).toBe(2)
      expect(await client.hashAt(2)).toBe(second['blockHash'])
      const back = { headBlockHash: first['blockHash'], safeBlockHash: zero, finalizedBlockHash: zero }
      await client.engine('engine_forkchoiceUpdatedV3', [back, null])
      expect(await client.height()).toBe(2)
      await makeBlock(client, { timestamp: 6, parent: first['blockHash'] })
      expect(await client.height()).toBe(2)
      expect(await client.hashAt(2)).not.toBe(second['blockHash'])
      expect(await client.eth('eth_getBlockByHash', second['blockHash'], false)).toMatchObject({
        number: '0x2',
      })
      await client.eth('debug_setHead', '0x1')
      expect(await client.height()).toBe(1)
      await client.kill()
      await client.start()
      expect(await client.hashAt(1)).toBe(first['blockHash'])
      expect(await client.height()).toBe(1)
    } finally {
      await client.kill()
    }
  }))

test('only a fresh token of its own secret opens the Engine API, and two clients on one directory are refused', () =>
  withDir(async (dir) => {
    await built()
    const client = await ClientProcess.started(join(dir, 'a'))
    const other = await ClientProcess.started(join(dir, 'b'), genesisOf('two'))
    try {
      const ask = ['engine_exchangeCapabilities', [['engine_getPayloadV4', 'engine_x']]] as const
      expect(await client.engine(...ask)).toEqual(['engine_getPayloadV4'])
      await expect(client.engine(...ask, { ageMs: 61_000 })).rejects.toThrow('401 stale token')
      await expect(client.engine(...ask, { ageMs: -65_000 })).rejects.toThrow('401 future token')
      await other.kill()
      const wrong = join(dir, 'wrong.hex')
      writeFileSync(wrong, 'cd'.repeat(32))
      await expect(client.engine(...ask, { secretFile: wrong })).rejects.toThrow(
        '401 token signature is invalid',
      )
      await expect(client.start()).rejects.toThrow('in use as read-write by another process')
      expect(existsSync(join(dir, 'a', 'data', 'discovery-secret'))).toBe(true)
    } finally {
      await client.kill()
      await other.kill()
    }
  }))

test('fee recipient, time, transactions and genesis are all in the hash; an empty block leaves the state', () =>
  withDir(async (dir) => {
    await built()
    const seen = new Set<unknown>()
    for (const [at, wish] of [
      { timestamp: 5 },
      { timestamp: 6 },
      { timestamp: 5, feeRecipient: `0x${'2'.repeat(40)}` },
      { timestamp: 5, transactions: ['0xaa'] },
      { timestamp: 5, transactions: ['0xaa'], feeRecipient: `0x${'2'.repeat(40)}` },
    ].entries()) {
      const client = await ClientProcess.started(join(dir, String(at)))
      try {
        const made = await makeBlock(client, wish)
        seen.add(made['blockHash'])
        if (wish.transactions !== undefined) seen.add(made['stateRoot'])
        else
          expect(await client.eth('eth_getBlockByNumber', '0x0', false)).toMatchObject({
            stateRoot: made['stateRoot'],
          })
      } finally {
        await client.kill()
      }
    }
    expect(seen.size).toBe(7)
  }))
