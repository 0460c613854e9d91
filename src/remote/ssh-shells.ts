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
  /** undefined when none gets free soon and no further one may be opened, or the host would not. Never throws. */
  take(link: Link, asRoot: boolean): Promise<Lent | undefined>
  /** Opens one more in the background, for the one that a command used up. */
  replace(link: Link, asRoot: boolean): void
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
/** Most commands are over by then, and a login takes longer. */
const patienceMs = 150

export function shells(max: number, slots: Sessions): Shells {
  let kept: Kept[] = []
  let opening = 0
  let waiting: (() => void)[] = []

  const wakeOne = (): void => waiting.shift()?.()

  const lend = (one: Kept): Lent => {
    one.busy = true
    return {
      shell: one.shell,
      giveBack() {
        one.busy = false
        wakeOne()
      },
    }
  }

  const free = (link: Link): Kept | undefined =>
    kept.find((one) => one.link === link && !one.busy && one.shell.alive)

  const mayOpen = (): boolean => kept.length + opening < max && slots.taken + slotsLeftMin < slots.max

  const open = async (link: Link, asRoot: boolean): Promise<Kept | undefined> => {
    opening += 1
    try {
      const slot = await slots.take(0)
      if (slot === undefined) return undefined
      // Where the host opens no more, or the link is gone, the command goes the ordinary way and finds out.
      const shell = await openShell(link, asRoot).catch(() => undefined)
      if (shell === undefined) {
        slot()
        return undefined
      }
      const one: Kept = { shell, link, busy: false }
      kept.push(one)
      void shell.closed.then(() => {
        kept = kept.filter((other) => other !== one)
        slot()
      })
      return one
    } finally {
      opening -= 1
    }
  }

  const freed = (): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        waiting = waiting.filter((other) => other !== wake)
        resolve()
      }
      const timer = setTimeout(wake, patienceMs)
      waiting.push(wake)
    })

  return {
    async take(link, asRoot) {
      const now = free(link)
      if (now !== undefined) return lend(now)
      if (mayOpen()) {
        const opened = await open(link, asRoot)
        return opened === undefined || opened.busy ? undefined : lend(opened)
      }
      if (!kept.some((one) => one.link === link)) return undefined
      await freed()
      const then = free(link)
      return then === undefined ? undefined : lend(then)
    },
    replace(link, asRoot) {
      if (mayOpen()) void open(link, asRoot).then(wakeOne)
    },
    drop() {
      for (const { shell } of kept) shell.end()
    },
  }
}
