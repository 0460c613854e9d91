/** Waits so many simulated ms. */
export type Waits<T> = Generator<number, T, void>

/** What is there at once, or after some waiting. Most of a script waits for nothing, and costs no generator then. */
export type Soon<T> = T | Waits<T>

export const waits = <T>(soon: Soon<T>): soon is Waits<T> =>
  typeof soon === 'object' && soon !== null && 'next' in soon

export function after<A, B>(soon: Soon<A>, next: (value: A) => Soon<B>): Soon<B> {
  return waits(soon) ? afterLater(soon, next) : next(soon)
}

function* afterLater<A, B>(work: Waits<A>, next: (value: A) => Soon<B>): Waits<B> {
  return yield* waited(next(yield* work))
}

/** For whoever waits anyway. */
export function* waited<T>(soon: Soon<T>): Waits<T> {
  return waits(soon) ? yield* soon : soon
}

/** Turns until one gives something else than null. */
export function until<T>(turn: () => Soon<T | null>): Soon<T> {
  for (;;) {
    const soon = turn()
    if (waits(soon)) return untilLater(soon, turn)
    if (soon !== null) return soon
  }
}

function* untilLater<T>(first: Waits<T | null>, turn: () => Soon<T | null>): Waits<T> {
  let value = yield* first
  while (value === null) value = yield* waited(turn())
  return value
}

/** What the work throws, now or later, becomes what `on` makes of it; it throws what is not its own. */
export function caught<T>(work: () => Soon<T>, on: (thrown: unknown) => T): Soon<T> {
  try {
    const soon = work()
    return waits(soon) ? caughtLater(soon, on) : soon
  } catch (thrown) {
    return on(thrown)
  }
}

function* caughtLater<T>(work: Waits<T>, on: (thrown: unknown) => T): Waits<T> {
  try {
    return yield* work
  } catch (thrown) {
    return on(thrown)
  }
}

/** `always` runs when the work is over, however it ends. */
export function lastly<T>(work: () => Soon<T>, always: () => void): Soon<T> {
  let soon: Soon<T>
  try {
    soon = work()
  } catch (thrown) {
    always()
    throw thrown
  }
  if (waits(soon)) return lastlyLater(soon, always)
  always()
  return soon
}

function* lastlyLater<T>(work: Waits<T>, always: () => void): Waits<T> {
  try {
    return yield* work
  } finally {
    always()
  }
}
