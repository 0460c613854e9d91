import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** What tells one process from every other one, also after its pid was given away again. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in the system's own words: comparable, not readable. */
  readonly startTime: string
  readonly host: string
  /** Changes with every start of the machine; absent where there is none (macOS). */
  readonly bootId?: string
  /** A pid means nothing in another pid namespace (containers); absent where there is none. */
  readonly pidNamespace?: string
}

/** `elsewhere`: on another machine or in another container, where nothing can be said from here. */
export type Liveness = 'alive' | 'dead' | 'elsewhere'

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  unchanging ??= readUnchanging()
  return { ...unchanging, host: hostname() }
}

/** What stays as it is while this process lives; its host may change its name. */
let unchanging: Omit<ProcessIdentity, 'host'> | undefined

function readUnchanging(): Omit<ProcessIdentity, 'host'> {
  const bootId = quiet(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const pidNamespace = quiet(() => readlinkSync('/proc/self/ns/pid'))
  return {
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? 'unknown',
    ...(bootId === undefined ? {} : { bootId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
  }
}

/** Whether that process still runs, as far as it can be seen from here. In doubt it is not dead. */
export function livenessOf(process: ProcessIdentity, self: ProcessIdentity = ownIdentity()): Liveness {
  const sameBoot = process.bootId !== undefined && process.bootId === self.bootId
  // A laptop may change its name while it runs; its boot id stays.
  if (!sameBoot && process.host !== self.host) return 'elsewhere'
  if (!sameBoot && process.bootId !== undefined && self.bootId !== undefined) return 'dead'
  if (process.pidNamespace !== self.pidNamespace) return 'elsewhere'
  const startTime = startTimeOf(process.pid)
  if (startTime === undefined) return 'dead'
  return startTime === process.startTime || process.startTime === 'unknown' ? 'alive' : 'dead'
}

/** When a process started, or undefined when there is none with that pid (a zombie is none). */
export function startTimeOf(pid: number): string | undefined {
  const stat = quiet(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  if (stat !== undefined) {
    // The name stands in brackets and may hold anything: fields are counted from the last bracket (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state] = fields
    return state === 'Z' || state === 'X' ? undefined : fields[19]
  }
  if (quiet(() => readFileSync('/proc/self/stat')) !== undefined) return undefined
  return startTimeByPs(pid)
}

/** The same asked of ps(1), for machines without /proc. */
export function startTimeByPs(pid: number): string | undefined {
  const printed = quiet(() =>
    execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
    }).trim(),
  )
  const found = /^(\S+)\s+(.+)$/.exec(printed ?? '')
  return found === null || found[1]?.startsWith('Z') === true ? undefined : found[2]
}

function quiet<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
