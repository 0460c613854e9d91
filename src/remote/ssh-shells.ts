import type { Sessions } from './sessions.ts'
import type { Link } from './ssh-link.ts'
import { openShell, type WaitingShell } from './ssh-shell.ts'

/** A shell lent for one command. */
export interface Lent {
  readonly shell: WaitingShell
  giveBack(): void
}

/** The waiting shells of one host: opened when a command finds none free, kept as long as their link. */
export interface Shells {
  /** undefined when none is free and no further one may be opened, or the host would not. Never throws. */
  take(link: Link, asRoot: boolean): Promise<Lent | undefined>
  /** Ends them all. */
  drop(): void
}

interface Kept {
  readonly shell: WaitingShell
  readonly link: Link
  busy: boolean
}

/** Slots that stay free for commands that no waiting shell takes. */
const slotsLeftMin = 2

export function shells(max: number, slots: Sessions): Shells {
  let kept: Kept[] = []
  let opening = 0

  const lend = (one: Kept): Lent => {
    one.busy = true
    return {
      shell: one.shell,
      giveBack() {
        one.busy = false
      },
    }
  }

  const open = async (link: Link, asRoot: boolean): Promise<Lent | undefined> => {
    const slot = await slots.take(0)
    if (slot === undefined) return undefined
    // Where the host opens no more, or the link is gone, the command goes the ordinary way and finds out.
    const shell = await openShell(link, asRoot).catch(() => undefined)
    if (shell === undefined) {
      slot()
      return undefined
    }
    const one: Kept = { shell, link, busy: true }
    kept.push(one)
    void shell.closed.then(() => {
      kept = kept.filter((other) => other !== one)
      slot()
    })
    return lend(one)
  }

  return {
    async take(link, asRoot) {
      const free = kept.find((one) => one.link === link && !one.busy && one.shell.alive)
      if (free !== undefined) return lend(free)
      if (kept.length + opening >= max || slots.taken + slotsLeftMin >= slots.max) return undefined
      opening += 1
      return open(link, asRoot).finally(() => {
        opening -= 1
      })
    },
    drop() {
      for (const { shell } of kept) shell.end()
    },
  }
}
