import { type Connected, connect, endLink } from './ssh-connect.ts'
import type { Link } from './ssh-link.ts'
import { unreachable } from './ssh-refusals.ts'
import type { SshLimits, SshTarget } from './ssh-target.ts'

/** Keeps one connection to a host: made on first use, made again once it is lost. */
export interface Connection {
  /** The connection, dialled when there is none. Throws EvhaError as dialling does. */
  use(): Promise<Connected>
  /** What is up at the moment. */
  live(): Connected | undefined
  /** What runs on the link goes on; what comes next gets a fresh one. */
  retire(link: Link): void
  close(): Promise<void>
}

export function connectionTo(target: SshTarget, limits: SshLimits): Connection {
  let making: Promise<Connected> | undefined
  let current: Connected | undefined
  let closed = false
  const old = new Set<Link>()

  const forget = (): void => {
    making = undefined
    current = undefined
  }

  return {
    async use() {
      if (closed) throw unreachable(target, 'evha has closed its connection')
      if (current?.link.alive === false) forget()
      making ??= connect(target, limits).then(
        (made) => {
          current = made
          return made
        },
        (error: unknown) => {
          forget()
          throw error
        },
      )
      return making
    },
    live: () => (current?.link.alive === true ? current : undefined),
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
