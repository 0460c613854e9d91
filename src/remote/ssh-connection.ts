import { EvhaError } from '../base/errors.ts'
import { type Connected, connect, endLink } from './ssh-connect.ts'
import type { Link } from './ssh-link.ts'
import { unreachable } from './ssh-refusals.ts'
import type { SshLimits, SshTarget } from './ssh-target.ts'

/** Keeps one connection to a host: made on first use, made again once it is lost. */
export interface Connection {
  /** The connection, dialled when there is none. Throws EvhaError as dialling does. */
  use(): Promise<Connected>
  /** What runs on the link goes on; what comes next gets a fresh one. */
  retire(link: Link): void
  close(): Promise<void>
}

export function connectionTo(target: SshTarget, limits: SshLimits): Connection {
  let making: Promise<Connected> | undefined
  let current: Connected | undefined
  let closed = false
  let wasUp = false
  let silence: { readonly error: EvhaError; readonly until: number } | undefined
  const old = new Set<Link>()

  const forget = (): void => {
    making = undefined
    current = undefined
  }

  const dial = async (): Promise<Connected> => {
    const { connectTimeoutMs, redialTimeoutMs, silentMs } = limits
    const startedAt = performance.now()
    const timeoutMs = wasUp ? Math.min(connectTimeoutMs, redialTimeoutMs) : connectTimeoutMs
    try {
      current = await connect(target, { ...limits, connectTimeoutMs: timeoutMs })
      wasUp = true
      return current
    } catch (error) {
      forget()
      // Who refuses at once may be asked again at once; each wait for who says nothing is time the chain stands still.
      const slow = performance.now() - startedAt >= timeoutMs / 2
      if (slow && error instanceof EvhaError && error.kind === 'unreachable')
        silence = { error, until: performance.now() + silentMs }
      throw error
    }
  }

  return {
    async use() {
      if (closed) throw unreachable(target, 'evha has closed its connection')
      if (silence !== undefined && performance.now() < silence.until) throw silence.error
      if (current?.link.alive === false) forget()
      making ??= dial()
      return making
    },
    retire(link) {
      if (link === current?.link) forget()
      old.add(link)
      void link.lost.then(() => old.delete(link))
    },
    async close() {
      closed = true
      const last = await making?.catch(() => undefined)
      const links = [...old, ...(last === undefined ? [] : [last.link])]
      await Promise.all(links.map(endLink))
    },
  }
}
