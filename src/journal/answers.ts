import type { Time } from './time.ts'

/** Once enough have answered, the others get so long. */
export const lateMs = 1_000

/** Why nothing is known of a host that was not waited for any longer. */
export const lateWhy = (host: string): string => `${host}: no answer within ${lateMs / 1_000} s of the others`

/** When not all that were asked need to be waited for. */
export interface Enough<Answer> {
  /** Asked after each answer, with all that came so far, in the order of the hosts. */
  readonly isEnough: (answers: readonly Answer[]) => boolean
  readonly time: Pick<Time, 'after'>
}

/**
 * What several hosts were asked at once, in their order. A host that lost its power says nothing at all, and is found out
 * by a time limit longer than anybody may wait who wants to know where a run stands: once enough have answered, the
 * others have one second more, and count as `late` makes them.
 */
export function answersOf<Answer>(
  asked: readonly Promise<Answer>[],
  late: (index: number) => Answer,
  { isEnough, time }: Enough<Answer>,
): Promise<Answer[]> {
  const came = new Map<number, Answer>()
  let callOff: (() => void) | null = null
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      callOff?.()
      resolve(asked.map((_, i) => came.get(i) ?? late(i)))
    }
    const take = (answer: Answer, index: number): void => {
      came.set(index, answer)
      if (came.size === asked.length) finish()
      else if (callOff === null && isEnough(inOrder(came))) callOff = time.after(lateMs, finish)
    }
    if (asked.length === 0) finish()
    for (const [i, one] of asked.entries()) one.then((answer) => take(answer, i)).catch(reject)
  })
}

const inOrder = <Answer>(came: ReadonlyMap<number, Answer>): Answer[] =>
  [...came].sort(([one], [other]) => one - other).map(([, answer]) => answer)
