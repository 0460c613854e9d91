interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
  /** It wakes nobody who awaits. */
  readonly quiet: boolean
  off: boolean
}

/** A run has some thousand things that happen; one of so many turns in a circle, though time passes. */
const eventsMax = 100_000
/** So many at one moment, and time stands still; a run has some hundred. */
const atOnceMax = 10_000

/**
 * Between two moments everything that awaits a settled promise goes on: all of it before the next tick of the process, so
 * that one is enough. A stream takes some ticks of its own, one after the other. A turn of the real event loop would cost
 * more than the event.
 */
const ticks = 1
const ticksOfStreams = 6

const settled = Promise.resolve()

/**
 * Simulated time. Nothing happens but what was put on it; between two moments everything that awaits comes to rest,
 * so that the order of things is the order of the timeline and a seed replays exactly.
 */
export class Timeline {
  readonly #heap: Due[] = []
  #now: number
  #order = 0
  #events = 0
  #atOnce = 0
  #streams = 0
  #streamsOver = 0

  constructor(startMs: number) {
    this.#now = startMs
  }

  get now(): number {
    return this.#now
  }

  /** Runs it in so many ms; what is returned calls it off. */
  in(ms: number, run: () => void): () => void {
    return this.#put(ms, run, false)
  }

  /** The same for what goes on inside of a host: it settles no promise, and the next moment needs not wait for a rest. */
  inside(ms: number, run: () => void): () => void {
    return this.#put(ms, run, true)
  }

  #put(ms: number, run: () => void, quiet: boolean): () => void {
    const due: Due = { at: this.#now + Math.max(0, ms), order: this.#order++, run, quiet, off: false }
    this.#push(due)
    return () => {
      due.off = true
    }
  }

  /** A stream flows until what is returned is called: what awaits takes longer to come to rest. */
  flows(): () => void {
    this.#streams++
    return () => {
      this.#streamsOver++
    }
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.in(ms, resolve))
  }

  /** Goes on until `over` holds. Throws when nothing is left to happen, the time is up, or it turns in a circle. */
  until(over: () => boolean, limitMs: number): Promise<void> {
    const endMs = this.#now + limitMs
    return new Promise((resolve, reject) => {
      let passed = 0
      // Ticks come before what awaits: asked for from there, the next one comes when all that awaits has gone on.
      const soon = (): void => process.nextTick(afterRest)
      const afterRest = (): void => {
        if (++passed < (this.#streams > 0 ? ticksOfStreams : ticks)) {
          void settled.then(soon)
          return
        }
        passed = 0
        this.#streams -= this.#streamsOver
        this.#streamsOver = 0
        try {
          do {
            if (over()) {
              resolve()
              return
            }
          } while (this.#happen(endMs, limitMs))
          void settled.then(soon)
        } catch (thrown) {
          reject(thrown)
        }
      }
      soon()
    })
  }

  /** The next thing happens; true when nobody who awaits has heard of it. */
  #happen(endMs: number, limitMs: number): boolean {
    const next = this.#next()
    if (next === undefined) throw new Error('nothing is left to happen, and it is not over')
    if (next.at > endMs) throw new Error(`not over after ${limitMs} ms of simulated time`)
    this.#count(next.at)
    this.#now = next.at
    next.run()
    return next.quiet
  }

  #count(at: number): void {
    this.#atOnce = at === this.#now ? this.#atOnce + 1 : 0
    if (this.#atOnce > atOnceMax)
      throw new Error(`time stands still: more than ${atOnceMax} things happen at one moment`)
    if (++this.#events > eventsMax)
      throw new Error(`more than ${eventsMax} things happen, and it is not over: something turns in a circle`)
  }

  #push(due: Due): void {
    const heap = this.#heap
    let i = heap.push(due) - 1
    while (i > 0) {
      const up = (i - 1) >> 1
      if (!before(due, heap[up] as Due)) break
      heap[i] = heap[up] as Due
      i = up
    }
    heap[i] = due
  }

  /** The next thing that was not called off. */
  #next(): Due | undefined {
    for (;;) {
      const next = this.#pop()
      if (next?.off !== true) return next
    }
  }

  #pop(): Due | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Due, heap[child] as Due)) child++
      if (!before(heap[child] as Due, last)) break
      heap[i] = heap[child] as Due
      i = child
    }
    heap[i] = last
    return top
  }
}

const before = (one: Due, other: Due): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)
