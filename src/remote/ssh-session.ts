import { randomBytes } from 'node:crypto'
import { type Captured, capture, drain } from './capture.ts'
import { type GroupFinder, groupFinder, launchText } from './process-group.ts'
import type { Link, Session } from './ssh-link.ts'

/** A command that runs, as much of it as its end or its killer needs. */
export interface Watched extends Pick<Session, 'exit' | 'closed'> {
  readonly finder: GroupFinder
  /** Gives up on it: nobody reads it any more. */
  drop(): void
}

/** A session whose process group is looked for from its first byte on. */
export interface Prepared extends Session, Watched {
  /** Resolves with true once the group is known, with false when the host did not run the launcher. */
  readonly launched: Promise<boolean>
  /** Where stderr goes from now on, with what came before. */
  captureStderr(into: Pick<Captured, 'add'>): void
}

/** Opens a session that runs `argv` in a process group of its own. Throws ChannelRefused, LinkGone. */
export async function launch(link: Link, argv: readonly string[], asRoot: boolean): Promise<Prepared> {
  const nonce = newNonce()
  return prepare(await link.exec(launchText(argv, nonce, asRoot)), nonce)
}

/** A word that no output holds by chance. */
export function newNonce(): string {
  return randomBytes(8).toString('hex')
}

function prepare(session: Session, nonce: string): Prepared {
  const finder = groupFinder(nonce)
  const early: Buffer[] = []
  let captured: Pick<Captured, 'add'> | undefined
  let tell: (launched: boolean) => void = () => {}
  const launched = new Promise<boolean>((resolve) => {
    tell = resolve
  })
  const keep = (bytes: Buffer): void => {
    if (captured === undefined) early.push(bytes)
    else captured.add(bytes)
  }
  const { stderr } = session.channel
  stderr.on('data', (bytes: Buffer) => {
    keep(finder.feed(bytes))
    if (finder.group !== undefined) tell(true)
  })
  // The end of stderr, not the close: a channel whose stdout nobody reads yet does not close.
  stderr.once('end', () => {
    keep(finder.rest())
    tell(finder.group !== undefined)
  })
  return {
    ...session,
    finder,
    launched,
    drop() {
      session.channel.destroy()
      // Nobody may be reading any more; an unread stream would keep the channel from closing.
      session.channel.resume()
    },
    captureStderr(into) {
      captured = into
      for (const bytes of early.splice(0)) into.add(bytes)
    },
  }
}

/** A short internal command: its exit code and its first output. */
export async function plainExec(
  link: Link,
  text: string,
): Promise<{ code: number | null | undefined; stdout: string; stderr: string }> {
  const { channel, exit, closed } = await link.exec(text)
  const [out, err] = [capture(64 * 1024), capture(64 * 1024)]
  drain(channel, out)
  drain(channel.stderr, err)
  channel.end()
  await closed
  return { code: exit()?.code, stdout: out.text(), stderr: err.text() }
}
