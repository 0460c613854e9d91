import { hash, randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { type Command, changes, script } from '../base/command.ts'
import { limits } from '../base/limits.ts'
import { Secret } from '../base/secret.ts'
import type { FileToSend } from './remote.ts'

/** Exit code of the sending script when the bytes that arrived are not the bytes that were sent. */
export const digestDiffers = 65

/** The slowest link that a file is still waited for. */
const bytesPerSecondMin = 64 * 1024

/**
 * $1 final path, $2 temporary path beside it, $3 its directory, $4 sha256, $5 mode, $6 owner or empty.
 * The name appears only when the content is whole, checked and on disk; a cut stream never replaces anything.
 */
const laying = `
umask 077
trap 'rm -f -- "$2"' EXIT
trap 'exit 143' HUP INT TERM
cat >"$2"
got=$(sha256sum <"$2")
if [ "\${got%% *}" != "$4" ]; then
  echo "what arrived for $1 is not what was sent (sha256 \${got%% *}, not $4)" >&2
  exit ${digestDiffers}
fi
if [ -n "$6" ]; then chown -- "$6" "$2"; fi
chmod -- "$5" "$2"
sync -- "$2"
mv -fT -- "$2" "$1"
sync -- "$3"
`

/** The one command that lays a file on a host: checked by digest, synced, renamed into place. */
export function sendCommand(file: FileToSend, path: string): Command {
  const bytes = file.content instanceof Secret ? file.content.reveal() : Buffer.from(file.content)
  const digest = hash('sha256', bytes)
  const temporary = join(dirname(path), `.${basename(path)}.evha-${randomBytes(6).toString('hex')}`)
  const mode = file.mode.toString(8).padStart(4, '0')
  return changes(
    `lay ${path} (${bytes.length} bytes, mode ${mode})`,
    script(laying, path, temporary, dirname(path), digest, mode, file.owner ?? ''),
    {
      stdin: file.content,
      timeoutMs: limits.commandTimeoutMs + Math.ceil((bytes.length / bytesPerSecondMin) * 1_000),
      sensitive: file.content instanceof Secret,
    },
  )
}
