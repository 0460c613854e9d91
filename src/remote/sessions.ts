/** A place among the sessions of one host; giving it back twice does nothing. */
export type Place = () => void

/** Hands out at most `max` places at a time, first come, first served. */
export interface Sessions {
  /** undefined when the wait ended first (`signal`, or `waitMsMax` milliseconds). */
  take(waitMsMax: number, signal?: AbortSignal): Promise<Place | undefined>
  readonly taken: number
  /** Those who wait for a place. */
  readonly waiting: number
  readonly max: number
}

export function sessions(max: number): Sessions {
  const waiting: (() => void)[] = []
  let taken = 0

  const place = (): Place => {
    let given = false
    return () => {
      if (given) return
      given = true
      taken -= 1
      waiting.shift()?.()
    }
  }

  return {
    max,
    get waiting() {
      return waiting.length
    },
    get taken() {
      return taken
    },
    async take(waitMsMax, signal) {
      if (signal?.aborted === true) return undefined
      if (taken < max) {
        taken += 1
        return place()
      }
      return new Promise((resolve) => {
        const settle = (found: boolean): void => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', leave)
          const index = waiting.indexOf(enter)
          if (index >= 0) waiting.splice(index, 1)
          if (found) taken += 1
          resolve(found ? place() : undefined)
        }
        const enter = (): void => settle(true)
        const leave = (): void => settle(false)
        const timer = setTimeout(leave, waitMsMax)
        signal?.addEventListener('abort', leave, { once: true })
        waiting.push(enter)
      })
    },
  }
}
