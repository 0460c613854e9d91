import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { LabAnswer, LabRequest } from './control.ts'
import { eachLine } from './lines.ts'

/** Where shims ask: beside the lab's socket. A shell can write into a named pipe, but not into a socket. */
export const pipeOf = (socket: string) => `${socket}.pipe`

/**
 * A shim in plain sh, because it runs hundreds of times: it lays its arguments into a directory of its own, names
 * that on the lab's pipe, and waits for the exit code on a pipe of its own.
 */
export const shimBody = (name: string) => `dir=$(mktemp -d /tmp/evha-shim.XXXXXX) || exit 1
mkfifo "$dir/end"
for word in "$@"; do printf '%s\\0' "$word"; done > "$dir/argv"
printf '%s %s %s\\n' "$EVHA_LAB_HOST" ${name} "$dir" > "$EVHA_LAB_SOCKET.pipe"
read -r code < "$dir/end"
[ ! -s "$dir/err" ] || cat "$dir/err" >&2
[ ! -s "$dir/out" ] || cat "$dir/out"
rm -rf "$dir"
exit "$code"`

/** Answers what shims ask until it is closed. */
export function answerShims(
  socket: string,
  answer: (request: LabRequest) => Promise<LabAnswer>,
): { close(): void } {
  const path = pipeOf(socket)
  rmSync(path, { force: true })
  execFileSync('mkfifo', ['-m', '600', path])
  // Open for both ends, so that it never ends when a shim lets go of it.
  const pipe = new Socket({
    fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  })
  eachLine(pipe, (line) => {
    const [host = '', name = '', dir = ''] = line.split(' ')
    void answerOne({ host, name, dir }, answer)
  })
  return {
    close: () => {
      pipe.destroy()
      rmSync(path, { force: true })
    },
  }
}

/** A shim that is killed takes its answer with it; so long it may take to open its pipe. */
const patienceMs = 5_000

async function answerOne(
  { host, name, dir }: { host: string; name: string; dir: string },
  answer: (request: LabRequest) => Promise<LabAnswer>,
): Promise<void> {
  try {
    const argv = readFileSync(join(dir, 'argv'), 'utf8').split('\0').slice(0, -1)
    const { stdout, stderr, exit } = await answer({ host, name, argv })
    writeFileSync(join(dir, 'out'), stdout)
    writeFileSync(join(dir, 'err'), stderr)
    await tell(join(dir, 'end'), `${exit}\n`)
  } catch {
    // The shim was killed and its directory is gone, or it never came for its answer.
    rmSync(dir, { recursive: true, force: true })
  }
}

async function tell(pipe: string, text: string): Promise<void> {
  const deadlineMs = Date.now() + patienceMs
  for (;;) {
    try {
      const fd = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
      writeSync(fd, text)
      closeSync(fd)
      return
    } catch (error) {
      // ENXIO: nobody reads yet.
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO' || Date.now() > deadlineMs) throw error
    }
    await new Promise((wake) => setTimeout(wake, 1))
  }
}
