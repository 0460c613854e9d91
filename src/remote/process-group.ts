import { quoteAll } from './render.ts'

/**
 * Why all this: closing a channel, or asking sshd to signal, leaves the process running. So every command runs
 * in a process group of its own, says which on its first line of stderr, and is killed by a second command.
 */
export interface ProcessGroup {
  readonly id: number
  /** Start of the group's first process, in clock ticks since boot: tells a recycled number from ours. */
  readonly startTicks: string
}

/** The fields of /proc/PID/stat, as far as the start of the process: `g` is its group. */
const announced = 'a b c d g e f h i j k l m n o p q r s t u start rest'

/**
 * Prints the group's number and start on stderr, behind the nonce. The printing may not fail: a host that
 * cannot tell us the group must not run the command.
 */
const announce = (nonce: '$0' | '$1'): string =>
  `
set -e
read -r ${announced} </proc/$$/stat
printf 'evha-group %s %s %s\\n' "${nonce}" "$$" "$start" >&2
set +e`.trim()

/**
 * Does what `exec "$@"` does, in a shell called `evha` whose own variables are `own`. Where that would become a shell called
 * so with a script, this one runs the script itself, without these variables: a program less for a host.
 */
export const becomeCommand = (own: string): string =>
  `
if [ "$1 $2 $4" = 'sh -c evha' ]; then
  script=$3
  shift 4
  eval "unset script ${own}; $script"
  exit
fi
exec "$@"`.trim()

/** Becomes the command, as the leader of a group of its own. */
const become = `
[ "$g" = "$$" ] || exec setsid "$@"
exec "$@"`.trim()

/** The text for the host's login shell that runs `argv` in a process group of its own. */
export function launchText(argv: readonly string[], nonce: string, asRoot: boolean): string {
  return loginText(['sh', '-c', `${announce('$0')}\n${become}`, nonce, ...argv], asRoot)
}

/**
 * The text for the host's login shell that becomes `argv`. It goes in base64, because a login shell may be fish or csh:
 * one word without a newline or a quote is the same to all of them.
 */
export function loginText(argv: readonly string[], asRoot: boolean): string {
  const packed = Buffer.from(`exec ${quoteAll(argv)}`).toString('base64')
  return `exec ${asRoot ? 'sudo -n -- ' : ''}sh -c 'eval "$(echo "$0" | base64 -d)"' ${packed}`
}

/**
 * A shell that takes a command a line, runs each in a process group of its own, and marks its end on both outputs:
 * `MARK CODE` on stdout, `MARK` on stderr, each with a newline, right behind whatever the command wrote.
 */
export const waitingShellArgv: readonly [string, ...string[]] = [
  'sh',
  '-c',
  `
launch=$1 nl='
'
while IFS= read -r line; do
  eval "set -- $line"
  mark=$1 fed=$2 in=$3
  shift 3
  [ "$fed" != become ] || exec "$@"
  if [ "$fed" = fed ]; then printf %s "$in" | setsid sh -c "$launch" evha "$mark" "$@"
  else setsid sh -c "$launch" evha "$mark" "$@" </dev/null; fi
  printf '%s %s\\n' "$mark" "$?"
  in=
  printf '%s\\n' "$mark" >&2
done`.trim(),
  'evha',
  `${announce('$1')}\nshift\n${becomeCommand(announced)}`,
]

/** How a waiting shell runs a command: with this text for stdin, or with nothing; or by becoming it, stdin and all. */
export type Feeding = { readonly text: string } | 'nothing' | 'become'

/** The line that has a waiting shell run `argv`. It is read by `read -r`, so a newline stands as a variable. */
export function waitingShellLine(argv: readonly string[], mark: string, feeding: Feeding): string {
  const words = typeof feeding === 'string' ? [feeding, ''] : ['fed', feeding.text]
  return `${quoteAll([mark, ...words, ...argv]).replaceAll('\n', `'"$nl"'`)}\n`
}

/** Shell functions: `members` lists the live processes of group $1, `same` tells whether it is still ours. */
const groupFunctions = `
members() {
  for stat in /proc/[0-9]*/stat; do
    line=
    { read -r line <"$stat"; } 2>/dev/null || continue
    pid=\${stat#/proc/}; pid=\${pid%/stat}
    set -- "$1" \${line##*) }
    case $2 in Z|X|x) continue ;; esac
    if [ "$4" = "$1" ] || [ "$pid" = "$1" ]; then printf '%s\\n' "$pid"; fi
  done
}
same() {
  line=
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
  want=$2
  set -- \${line##*) }
  [ "\${20}" = "$want" ]
}
stop_group() {
  same "$1" "$2" || return 0
  for sig in TERM KILL; do
    tries=$3
    [ $sig = TERM ] || tries=$4
    while [ -n "$(members "$1")" ]; do
      [ "$tries" -gt 0 ] || break
      kill -s $sig -- "-$1" 2>/dev/null || kill -s $sig "$1" 2>/dev/null || :
      tries=$((tries - 1))
      sleep 0.1
    done
  done
  [ -z "$(members "$1")" ]
}`.trim()

/** Shell functions that other scripts of this room build on: `members`, `same` and `stop_group`. */
export const processGroupFunctions = groupFunctions

/** TERM, a bounded wait, KILL, a bounded wait; exit 0 when nothing of the group is left, 1 when something is. */
export function stopGroupArgv(group: ProcessGroup, grace: { termMs: number; killMs: number }): string[] {
  const tries = (ms: number): string => String(Math.max(1, Math.ceil(ms / 100)))
  const text = `${groupFunctions}\nstop_group "$1" "$2" "$3" "$4"\n`
  const { id, startTicks } = group
  return ['sh', '-c', text, 'evha', String(id), startTicks, tries(grace.termMs), tries(grace.killMs)]
}

/** Finds the launcher's line in a stderr stream and passes everything else on. */
export interface GroupFinder {
  readonly group: ProcessGroup | undefined
  /** What of these bytes is the command's own stderr. */
  feed(bytes: Buffer): Buffer
  /** What was held back, when the stream is over. */
  rest(): Buffer
}

/** Noise of a login shell that may stand before the launcher's line. */
const noiseBytesMax = 64 * 1024
const nothing = Buffer.alloc(0)

export function groupFinder(nonce: string): GroupFinder {
  const line = new RegExp(`evha-group ${nonce} (\\d+) (\\d+)\\n`)
  let held = nothing
  let group: ProcessGroup | undefined
  let over = false
  return {
    get group() {
      return group
    },
    feed(bytes) {
      if (over) return bytes
      held = Buffer.concat([held, bytes])
      const text = held.toString('latin1')
      const found = line.exec(text)
      if (found === null) {
        if (held.length <= noiseBytesMax) return nothing
        over = true
        return held
      }
      over = true
      group = { id: Number(found[1]), startTicks: String(found[2]) }
      const after = found.index + found[0].length
      return Buffer.concat([held.subarray(0, found.index), held.subarray(after)])
    },
    rest() {
      if (over) return nothing
      over = true
      return held
    },
  }
}
