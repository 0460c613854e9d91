import { expect, test } from 'vitest'
import { sessions } from '../../src/remote/sessions.ts'

test('places are handed out up to the limit, then in the order of asking', async () => {
  const slots = sessions(2)
  const [first, second] = [await slots.take(1_000), await slots.take(1_000)]
  const order: string[] = []
  const third = slots.take(60_000).then((place) => {
    order.push('third')
    return place
  })
  const fourth = slots.take(60_000).then((place) => {
    order.push('fourth')
    return place
  })
  expect([slots.taken, slots.waiting]).toEqual([2, 2])
  first?.()
  expect(await third).toBeTypeOf('function')
  second?.()
  await fourth
  expect(order).toEqual(['third', 'fourth'])
  expect([slots.taken, slots.waiting]).toEqual([2, 0])
})

test('giving a place back twice frees one place', async () => {
  const slots = sessions(2)
  const [first] = [await slots.take(1_000), await slots.take(1_000)]
  first?.()
  first?.()
  expect(slots.taken).toBe(1)
})

test('a wait ends with its time or its signal, and leaves the queue', async () => {
  const slots = sessions(1)
  const held = await slots.take(1_000)
  const stop = new AbortController()
  const aborted = slots.take(60_000, stop.signal)
  expect(await slots.take(10)).toBeUndefined()
  stop.abort()
  expect(await aborted).toBeUndefined()
  expect(await slots.take(60_000, stop.signal)).toBeUndefined()
  expect(slots.waiting).toBe(0)
  held?.()
  expect(slots.taken).toBe(0)
})
