// Events inside of a host are run through without a rest between them. The order of things must not know of it.
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { Timeline } from './timeline.ts'

test('what goes on inside of hosts keeps its order among the rest, and is over in time', async () => {
  const timeline = new Timeline(0)
  const seen: string[] = []
  let over = false
  timeline.in(5, () => seen.push('5'))
  timeline.inside(3, () => {
    seen.push('3 inside')
    timeline.inside(1, () => seen.push('4 inside'))
  })
  timeline.in(3, () => seen.push('3'))
  timeline.inside(9, () => {
    seen.push('9 inside')
    over = true
  })
  timeline.inside(10, () => seen.push('10 inside'))
  await timeline.until(() => over, 1_000)
  expect(seen).toEqual(['3 inside', '3', '4 inside', '5', '9 inside'])
  expect(timeline.now).toBe(9)
})

test('whoever awaits goes on before the next moment', async () => {
  const timeline = new Timeline(0)
  const seen: string[] = []
  const works = async (): Promise<void> => {
    await timeline.wait(2)
    seen.push('awoken')
  }
  const work = works()
  timeline.inside(1, () => seen.push('1'))
  timeline.inside(3, () => seen.push('3'))
  await timeline.until(() => seen.includes('3'), 1_000)
  await work
  expect(seen).toEqual(['1', 'awoken', '3'])
})

test('whoever reads streams part by part goes on before the next moment', async () => {
  const timeline = new Timeline(0)
  const seen: string[] = []
  const [source, sink] = [new PassThrough(), new PassThrough()]
  const over = timeline.flows()
  const piped = pipeline(
    source,
    async function* (parts: AsyncIterable<Buffer>) {
      for await (const part of parts) yield part
    },
    sink,
  )
  const read = async (): Promise<void> => {
    for await (const part of sink) seen.push(String(part))
    await piped
    seen.push('over')
    over()
  }
  const reading = read()
  timeline.in(1, () => source.end('all of it'))
  timeline.inside(2, () => seen.push('2'))
  await timeline.until(() => seen.includes('2'), 1_000)
  await reading
  expect(seen).toEqual(['all of it', 'over', '2'])
})
