import { after, lastly, type Soon, type Waits } from '../shell/soon.ts'
import { type Call, child, complain, type Tools } from './call.ts'

function flock(call: Call, args: readonly string[]): Soon<number> {
  const { host } = call
  let code = 1
  let waitMs = Number.POSITIVE_INFINITY
  const rest = [...args]
  while (rest[0]?.startsWith('-') === true) {
    const option = rest.shift()
    if (option === '-n') waitMs = 0
    else if (option === '-w') waitMs = Number(rest.shift()) * 1_000
    else if (option === '-E') code = Number(rest.shift())
    else if (option !== '-x') throw new Error(`nobody has modelled flock ${option}`)
  }
  const [target = '', ...command] = rest
  const path = /^\d$/.test(target) ? call.io.files.get(Number(target))?.path : target
  if (path === undefined || (!host.files.exists(path) && !host.files.write(path, '')))
    return complain(call, `flock: cannot open lock file ${target}`) && 66
  // The lock of the lease: taken alone once nobody holds it shared any more; who holds it longer is ended.
  if (path.endsWith('/lease/lock'))
    return after(
      asked(() => host.guarded.size === 0, waitMs),
      () => {
        for (const one of host.guarded) one.end()
        return 0
      },
    )
  const holder = command.length === 0 ? call.shell : {}
  return after(
    asked(() => host.lock(path, holder), waitMs),
    (got) => {
      if (!got) return code
      if (command.length === 0) return 0
      return lastly(
        () => child(call, command),
        () => host.unlock(holder),
      )
    },
  )
}

/** Asks every 20 ms until it holds; false when it did not in time. */
function asked(holds: () => boolean, waitMs: number): Soon<boolean> {
  return holds() ? true : waitMs <= 0 ? false : askedAgain(holds, waitMs)
}

function* askedAgain(holds: () => boolean, waitMs: number): Waits<boolean> {
  for (let waitedMs = 20; ; waitedMs += 20) {
    yield 20
    if (holds()) return true
    if (waitedMs >= waitMs) return false
  }
}

export const locks: Tools = {
  flock,
}
