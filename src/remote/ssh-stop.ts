import { setTimeout as sleep } from 'node:timers/promises'
import { loginText, stopGroupArgv } from './process-group.ts'
import type { Sessions } from './sessions.ts'
import { ChannelRefused, type Link } from './ssh-link.ts'
import { plainExec, type Watched } from './ssh-session.ts'
import type { SshLimits } from './ssh-target.ts'

/** What a killer needs to know of the place where the command runs. */
export interface KillPlace {
  readonly limits: SshLimits
  readonly link: Link
  readonly asRoot: boolean
  /** Room for the commands that kill others: two sessions beside those of ordinary commands. */
  readonly killers: Sessions
  /** A fresh link instead of this one. Throws as dialling does. */
  readonly fresh: () => Promise<Link>
}

/** How long to look for the group's number of a command that must be stopped. */
const groupWaitMs = 2_000

/** Kills the command's process group by a second command; true when nothing of it is left. */
export async function stop(place: KillPlace, watched: Watched): Promise<boolean> {
  const groupBy = performance.now() + groupWaitMs
  while (watched.finder.group === undefined && watched.exit() === undefined && performance.now() < groupBy) {
    await sleep(20)
  }
  const { group } = watched.finder
  if (group === undefined) return watched.exit() !== undefined
  const argv = stopGroupArgv(group, place.limits)
  const text = loginText(argv, place.asRoot)
  const boundMs = place.limits.termMs + place.limits.killMs + 6_000
  const killed = kill(place, text, boundMs).catch(() => undefined)
  const gone = await Promise.race([killed, sleep(boundMs, undefined, { ref: false })])
  // The channel's own end arrives about when the killer's does.
  await Promise.race([watched.closed, sleep(500)])
  return gone === 0
}

/** The killer's exit code; undefined when its end was not seen. A host that is full of hanging commands gets a fresh link. */
async function kill(place: KillPlace, text: string, waitMsMax: number): Promise<number | null | undefined> {
  const slot = await place.killers.take(waitMsMax)
  if (slot === undefined) return undefined
  try {
    return (await plainExec(place.link, text)).code
  } catch (error) {
    if (!(error instanceof ChannelRefused)) return undefined
    return (await plainExec(await place.fresh(), text)).code
  } finally {
    slot()
  }
}
