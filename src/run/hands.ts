import { EvhaError } from '../base/errors.ts'
import { killCommand, killDetached, startDetached, statusOfDetached } from '../remote/detached.ts'
import { hostToHost } from '../remote/host-to-host.ts'
import { relay } from '../remote/relay.ts'
import type { Outcome, Remote, Unknown } from '../remote/remote.ts'
import { quoteAll } from '../remote/render.ts'
import type { Hands } from '../steps/hands.ts'

/** The real doing behind the steps' hands. */
export function realHands(signal: AbortSignal): Hands {
  return {
    relay,
    hostToHost,
    startDetached: async (remote, job) => {
      const status = await startDetached(remote, job, signal)
      if (status.kind === 'unknown') throw notSeen(remote, `start ${job.says}`, status)
    },
    statusOfDetached: async (remote, dir) => {
      const status = await statusOfDetached(remote, dir, signal)
      if (status.kind === 'unknown') throw notSeen(remote, `look at ${dir}`, status)
      return status
    },
    killDetached: async (remote, dir) => {
      const killed: Outcome = await killDetached(remote, dir, signal)
      if (killed.kind === 'unknown') throw notSeen(remote, `end the job in ${dir}`, killed)
      if (killed.exitCode === 0) return
      throw new EvhaError({
        kind: 'failed',
        message: `${remote.name}: the job in ${dir} could not be ended: ${killed.stderr.trim()}`,
        changedAnything: 'unknown',
        retryable: true,
        hint: `look at the processes on ${remote.name}, then \`evha resume\``,
      })
    },
    endOfDetached: killCommand,
    shellText: quoteAll,
  }
}

function notSeen(remote: Remote, what: string, unknown: Unknown): EvhaError {
  return new EvhaError({
    kind: unknown.why === 'timeout' ? 'timeout' : unknown.why === 'aborted' ? 'interrupted' : 'unreachable',
    message: `${remote.name}: ${what}: ${unknown.message}`,
    changedAnything: 'unknown',
    retryable: true,
    hint: '`evha resume` looks at the host and goes on from what it finds',
  })
}
