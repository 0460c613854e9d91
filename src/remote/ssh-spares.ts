import type { Sessions, Place as Slot } from './sessions.ts'
import type { Link } from './ssh-link.ts'
import { launchSpare, type Prepared } from './ssh-session.ts'

/** A session that already waits on the host, with its slot. */
export interface Spare {
  readonly prepared: Prepared
  readonly link: Link
  readonly slot: Slot
}

/**
 * Sessions opened ahead. A command given to one costs one round trip: no channel, no login shell, no start-up
 * files. Each is used once, so a command has the same process group, stdin and exit code as without it.
 */
export interface Spares {
  /** One that waits on this link, if there is any. */
  take(link: Link | undefined): Spare | undefined
  /** Opens what is missing, in the background; never the last free slots. */
  fill(link: Link): void
  /** Ends those that wait. */
  drop(): void
}

/** Slots that stay free for commands that find no spare. */
const slotsLeftMin = 2

export function spares(max: number, slots: Sessions): Spares {
  let waiting: Spare[] = []
  let opening = 0

  const lost = (prepared: Prepared): void => {
    waiting = waiting.filter((one) => one.prepared !== prepared)
  }

  const open = async (link: Link): Promise<void> => {
    const slot = await slots.take(0)
    if (slot === undefined) return
    try {
      const prepared = await launchSpare(link)
      void prepared.closed.then(slot)
      // A waiting session that ends is of no use; nobody reads it, so its close alone would not tell.
      void link.lost.then(() => lost(prepared))
      // A command in the queue needs the slot more.
      const wanted = (await prepared.launched) && slots.waiting === 0
      if (wanted) waiting.push({ prepared, link, slot })
      else prepared.channel.destroy().resume()
    } catch {
      // The host opens no more, or the link is gone: commands go the ordinary way.
      slot()
    }
  }

  return {
    take(link) {
      const index = waiting.findIndex(
        ({ link: its, prepared }) => its === link && its.alive && prepared.exit() === undefined,
      )
      return index < 0 ? undefined : waiting.splice(index, 1)[0]
    },
    fill(link) {
      while (link.alive && waiting.length + opening < max && slots.taken + slotsLeftMin < slots.max) {
        opening += 1
        void open(link).finally(() => {
          opening -= 1
        })
      }
    },
    drop() {
      for (const { prepared } of waiting.splice(0)) prepared.channel.end()
    },
  }
}
