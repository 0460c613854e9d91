export interface Planned {
  readonly way: string
  /** How many times the data. */
  readonly size: number
}

/** Rounds of each way, one number a size. */
export type Wanted = ReadonlyMap<string, readonly number[]>

/** Reads `--rounds`: `5`, or `evha=30/6,script=10`: a number of rounds for each size, or one for all. */
export function roundsWanted(written: string, ways: readonly string[], sizes: readonly number[]): Wanted {
  const parts = /^\d+$/.test(written) ? ways.map((way) => `${way}=${written}`) : written.split(',')
  return new Map(
    parts.map((part) => {
      const [, way = '', numbers = ''] = /^([^=]+)=(\d+(?:\/\d+)*)$/.exec(part) ?? []
      const each = numbers.split('/').map(Number)
      if (!ways.includes(way) || (each.length !== 1 && each.length !== sizes.length))
        throw new Error(
          `--rounds ${written}: write 5, or ${ways.map((one) => `${one}=5`).join(',')}, or 5/2 for two sizes`,
        )
      return [way, sizes.map((_, k) => each[k] ?? each[0] ?? 0)] as const
    }),
  )
}

/** What is still to be made, the rounds of each way and size spread over the whole time. */
export function roundsLeft(wanted: Wanted, sizes: readonly number[], made: readonly Planned[]): Planned[] {
  const left = [...wanted].flatMap(([way, numbers]) =>
    sizes.flatMap((size, at) => {
      const count = numbers[at] ?? 0
      const before = made.filter((one) => one.way === way && one.size === size).length
      return Array.from({ length: Math.max(0, count - before) }, (_, k) => ({
        way,
        size,
        // Where in the whole this round stands, 0 to 1.
        at: (before + k + 0.5) / count,
      }))
    }),
  )
  return left.sort((a, b) => a.at - b.at).map(({ way, size }) => ({ way, size }))
}
