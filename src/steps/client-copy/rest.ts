import { reads, script } from '../../base/command.ts'
import { must } from '../ask.ts'
import { labelledLines } from '../host/labelled-lines.ts'
import type { Host, StepContext } from '../step.ts'

/** A directory that is to be copied, from one look. */
export interface Rest {
  readonly isThere: boolean
  /** Of all its files; holes do not count. */
  readonly bytes: number
  /** sha256 over place, size and last change of every file: the same at two looks, and nobody wrote between them. */
  readonly seen: string
  /** A process that has one of the files open, as `PID NAME`; '' when there is none. */
  readonly openIn: string
  /** A symbolic link in it, '' when there is none: what it leads to would be left out. */
  readonly link: string
}

/**
 * Shell text: `open_in DIR` prints one process that has a file below DIR open, as `PID NAME`. Files are known by device and
 * inode, so it also sees one in a container, whose paths are others. Who maps a database has it open too.
 */
export const openInText = `open_in() (
  own=$(mktemp /tmp/evha-open.XXXXXX)
  trap 'rm -f -- "$own"' EXIT
  find "$1" -type f -printf '%D:%i\\n' > "$own"
  pid=$(find -L /proc/[0-9]*/fd -maxdepth 1 -type f -printf '%D:%i %p\\n' 2>/dev/null | awk '
    FILENAME == ARGV[1] { own[$1]; next }
    $1 in own { split($2, part, "/"); print part[3]; exit }
  ' "$own" -)
  if [ -n "$pid" ]; then echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null || :)"; fi
)`

/** Prints `key value` lines; none where there is no such directory. */
export const lookAtRestCommand = (dir: string) =>
  reads(
    `see whether ${dir} stands still`,
    script(
      `${openInText}
export LC_ALL=C
[ -d "$1" ] || exit 0
cd "$1"
echo "bytes $(find . -type f -printf '%b\\n' | awk '{ sum += $1 } END { printf "%.0f", sum * 512 }')"
echo "seen $(find . -type f -printf '%p %i:%C@:%s\\n' | sort | sha256sum | cut -d ' ' -f 1)"
echo "link $(find . -type l -print -quit)"
echo "open $(open_in .)"`,
      dir,
    ),
    { timeoutMs: 120_000 },
  )

export async function lookAtRest(context: StepContext, host: Host, dir: string): Promise<Rest> {
  const value = labelledLines(await must(context, host, lookAtRestCommand(dir)))
  return {
    isThere: value('seen') !== '',
    bytes: Number(value('bytes')) || 0,
    seen: value('seen'),
    openIn: value('open'),
    link: value('link'),
  }
}

/** Why it can not be copied, one sentence without its host; '' when it can. */
export function whyNotCopied(dir: string, { isThere, bytes, openIn, link }: Rest): string {
  if (!isThere) return `there is no directory ${dir}, from which execution clients are to be copied`
  if (bytes === 0) return `${dir}, from which execution clients are to be copied, holds no data`
  if (openIn !== '')
    return `${dir} is open in the process ${openIn}: a copy of a database under a running client is torn`
  return link === ''
    ? ''
    : `${dir} holds the link ${link.replace(/^\.\//, '')}: what it leads to would be missing in a copy`
}
