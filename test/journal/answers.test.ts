import { expect, test } from 'vitest'
import { answersOf, lateMs } from '../../src/journal/answers.ts'

/** Time that passes when the test says so. */
function held() {
  const due: { ms: number; run: () => void; off: boolean }[] = []
  return {
    due,
    after: (ms: number, run: () => void) => {
      const one = { ms, run, off: false }
      due.push(one)
      return () => {
        one.off = true
      }
    },
  }
}

const never = new Promise<string>(() => undefined)
const late = (index: number) => `late ${index}`
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

test('one that says nothing is given so long after enough have answered, and counts as late then', async () => {
  const time = held()
  const asked: string[][] = []
  const answers = answersOf([Promise.resolve('a'), never, Promise.resolve('c')], late, {
    time,
    isEnough: (came) => {
      asked.push([...came])
      return came.length >= 2
    },
  })
  await settled()
  expect(asked).toEqual([['a'], ['a', 'c']])
  expect(time.due.map(({ ms }) => ms)).toEqual([lateMs])
  time.due[0]?.run()
  expect(await answers).toEqual(['a', 'late 1', 'c'])
})

test('while it is not enough nobody is given up', async () => {
  const time = held()
  let answer: (text: string) => void = () => undefined
  const slow = new Promise<string>((resolve) => {
    answer = resolve
  })
  const answers = answersOf([slow, Promise.resolve('b')], late, { time, isEnough: () => false })
  await settled()
  expect(time.due).toEqual([])
  answer('a')
  expect(await answers).toEqual(['a', 'b'])
})

test('when all answer nothing is waited for, in the order they were asked', async () => {
  const time = held()
  const asked = [settled().then(() => 'a'), Promise.resolve('b')]
  expect(await answersOf(asked, late, { time, isEnough: () => true })).toEqual(['a', 'b'])
  expect(time.due.map(({ off }) => off)).toEqual([true])
  expect(await answersOf([], late, { time, isEnough: () => true })).toEqual([])
})

test('what fails, or can not be judged, is thrown', async () => {
  const broken = Promise.reject(new Error('a defect'))
  await expect(answersOf([broken, never], late, { time: held(), isEnough: () => true })).rejects.toThrow(
    'a defect',
  )
  const isEnough = () => {
    throw new Error('no judgement')
  }
  await expect(answersOf([Promise.resolve('a'), never], late, { time: held(), isEnough })).rejects.toThrow(
    'no judgement',
  )
})
