import { isUtf8 } from 'node:buffer'
import { PassThrough, type Readable } from 'node:stream'
import type { Command } from '../base/command.ts'
import { limits } from '../base/limits.ts'
import { Secret } from '../base/secret.ts'
import { type Captured, capture } from './capture.ts'
import { type Feeding, groupFinder, waitingShellArgv, waitingShellLine } from './process-group.ts'
import type { Going } from './ssh-command.ts'
import type { Exit, Link } from './ssh-link.ts'
import { launch, newNonce, type Prepared } from './ssh-session.ts'

/** A shell on the host that runs one short command after the other: no channel, no login, no start-up files for each. */
export interface WaitingShell {
  /** False once its session is over. */
  readonly alive: boolean
  /** Resolves when its session is over. Never rejects. */
  readonly closed: Promise<void>
  /** Runs a command; the next one only after its end. */
  run(command: Command): Going
  /** Becomes a command whose streams are the session's own. Only once, and nothing after it. */
  become(command: Command): { readonly session: Prepared; readonly stdout: Readable }
  end(): void
}

/** The line is read byte by byte on the host: a long one is quicker the ordinary way. */
const lineBytesMax = 16_384

/** How to feed a command's stdin to it; undefined when no shell variable can hold it. */
function feedingOf({ stdin }: Command): Feeding | undefined {
  if (stdin === undefined) return 'nothing'
  const bytes = Buffer.from(stdin instanceof Secret ? stdin.reveal() : stdin)
  return isUtf8(bytes) && !bytes.includes(0) ? { text: bytes.toString() } : undefined
}

const fitsLine = (argv: Command['argv'], feeding: Feeding): boolean =>
  Buffer.byteLength(waitingShellLine(argv, '', feeding)) <= lineBytesMax

/** May this command be given to a waiting shell? Not a long one, nor one whose stdin no shell variable can hold. */
export function fitsShell(command: Command): boolean {
  const feeding = feedingOf(command)
  return feeding !== undefined && fitsLine(command.argv, feeding)
}

/** May a waiting shell become this command? */
export function fitsBecoming({ argv }: Command): boolean {
  return fitsLine(argv, 'become')
}

/** Opens one; undefined when the host did not run it. Throws ChannelRefused, LinkGone. */
export async function openShell(link: Link, asRoot: boolean): Promise<WaitingShell | undefined> {
  const session = await launch(link, waitingShellArgv, asRoot)
  const { channel, closed } = session
  let turn: Turn | undefined
  let alive = true
  const read = (bytes: Buffer): void => turn?.stdout(bytes)
  channel.on('data', read)
  session.captureStderr({ add: (bytes) => turn?.stderr(bytes) })
  void closed.then(() => {
    alive = false
    turn?.lost()
  })
  if (!(await session.launched)) {
    session.drop()
    return undefined
  }
  return {
    get alive() {
      return alive
    },
    closed,
    run(command) {
      const feeding = feedingOf(command)
      turn = newTurn(command.outputBytesMax ?? limits.outputBytesMax, () => {
        alive = false
        session.drop()
      })
      if (alive && feeding !== undefined) channel.write(waitingShellLine(command.argv, turn.mark, feeding))
      else turn.lost()
      return turn.going
    },
    become({ argv }) {
      channel.off('data', read)
      // Nobody may be listening yet: a stream that flows already would lose what comes first.
      const stdout = channel.pipe(new PassThrough())
      channel.write(waitingShellLine(argv, '', 'become'))
      return { session, stdout }
    },
    end: () => channel.end(),
  }
}

interface Turn {
  readonly mark: string
  readonly going: Going
  stdout(bytes: Buffer): void
  stderr(bytes: Buffer): void
  lost(): void
}

/** One command of a waiting shell: ends when its mark stood on both outputs, or with the shell. */
function newTurn(bytesMax: number, drop: () => void): Turn {
  const mark = newNonce()
  const finder = groupFinder(mark)
  const [out, err] = [capture(bytesMax), capture(bytesMax)]
  let [exit, code, ended]: [Exit | undefined, string, boolean] = [undefined, '', false]
  let close: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const bothEnded = (): void => {
    if (!ended || !code.endsWith('\n')) return
    exit = { code: Number(code), signal: undefined }
    close()
  }
  const outUntil = untilMark(`${mark} `, out)
  const errUntil = untilMark(`${mark}\n`, { add: (bytes) => err.add(finder.feed(bytes)) })
  return {
    mark,
    going: {
      finder,
      closed,
      exit: () => exit,
      drop: () => (exit === undefined ? drop() : undefined),
      out,
      err,
      startedAt: performance.now(),
    },
    stdout(bytes) {
      code += outUntil(bytes)?.toString('latin1') ?? ''
      bothEnded()
    },
    stderr(bytes) {
      if (ended || errUntil(bytes) === undefined) return
      ended = true
      err.add(finder.rest())
      bothEnded()
    },
    lost: close,
  }
}

/** Passes bytes on until the mark, however they are cut; then returns what follows it, and from then on everything. */
export function untilMark(mark: string, into: Pick<Captured, 'add'>): (bytes: Buffer) => Buffer | undefined {
  const wanted = Buffer.from(mark)
  let held: Buffer = Buffer.alloc(0)
  let found = false
  return (bytes) => {
    if (found) return bytes
    held = Buffer.concat([held, bytes])
    const at = held.indexOf(wanted)
    const sure = at >= 0 ? at : held.length - begunBytes(held, wanted)
    if (sure > 0) into.add(held.subarray(0, sure))
    found = at >= 0
    if (found) return held.subarray(at + wanted.length)
    held = held.subarray(sure)
    return undefined
  }
}

/** How many of the last bytes may be the beginning of the mark. */
function begunBytes(held: Buffer, mark: Buffer): number {
  for (let bytes = Math.min(held.length, mark.length - 1); bytes > 0; bytes -= 1)
    if (held.subarray(-bytes).equals(mark.subarray(0, bytes))) return bytes
  return 0
}
