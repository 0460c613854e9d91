import { expect, test } from 'vitest'
import { placeFor, reaches, rpcOf, singleFlags, until, withScratch } from '../stand.ts'

test('a transaction comes into a block and changes the state root, over a restart', () =>
  withScratch(async (scratch) => {
    const home = await scratch.newHome('node')
    const place = await placeFor(home, 'node')
    const endpoint = `${place.address}:${place.raftPort}`
    const flags = [...singleFlags(place), '--kv-endpoint', endpoint]
    const root = async () => {
      const state = await rpcOf(place).state()
      return state.kind === 'ok' ? state.value.appHash : undefined
    }
    const first = scratch.start(home, flags)
    await reaches(place, 2)
    expect(await root()).toBe('')
    expect((await fetch(`http://${endpoint}/tx`, { method: 'POST', body: 'colour=blue' })).status).toBe(202)
    const block = await until('a block with it', () =>
      first.events.find((event) => event.kind === 'produced' && event.transactions === 1),
    )
    expect(block.kind).toBe('produced')
    const after = await until('another root', async () => (await root()) || undefined)
    expect(await (await fetch(`http://${endpoint}/kv?key=colour`)).text()).toBe('blue')
    expect(await first.stop()).toBe(0)
    const second = scratch.start(home, flags)
    await second.until('produced')
    expect(await root()).toBe(after)
  }))
