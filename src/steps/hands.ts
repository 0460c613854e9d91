import type { Command } from '../base/command.ts'
import type { DetachedJob, DetachedStatus } from '../remote/detached.ts'
import type { HostToHostOptions, HostToHostResult } from '../remote/host-to-host.ts'
import type { RelayEnd, RelayOptions, RelayResult } from '../remote/relay.ts'
import type { Remote } from '../remote/remote.ts'

/** The doing that needs more than one command at one host; the runner brings it. */
export interface Hands {
  relay(
    from: RelayEnd,
    to: readonly RelayEnd[],
    signal: AbortSignal,
    options?: RelayOptions,
  ): Promise<RelayResult>
  /** A stream from host to host that this workstation does not carry; see sendOn. */
  hostToHost(
    from: RelayEnd,
    to: readonly RelayEnd[],
    signal: AbortSignal,
    options: HostToHostOptions,
  ): Promise<HostToHostResult>
  startDetached(remote: Remote, job: DetachedJob): Promise<void>
  statusOfDetached(remote: Remote, dir: string): Promise<DetachedStatus>
  /** Ends the whole process group and proves it gone. */
  killDetached(remote: Remote, dir: string): Promise<void>
  /** The command that does so, for a script that does it without the workstation. */
  endOfDetached(dir: string): Command
  /** Words as a POSIX shell reads them back, for such a script. */
  shellText(words: readonly string[]): string
}
