import { type Command, changes, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { bindOf, inletPath, keyDir, reachFunction, type Way, wordsOf } from './run-key.ts'

/** A sender that does not come within so many tenths of a second does not come at all. */
const waitedMax = 600

/**
 * The same command with its input from the inlet instead of the workstation. Both ends of the pipe are opened before
 * anybody is waited for; the name vanishes when the sender has it, and from then on the sender's end is the stream's.
 */
export function fromInlet(spec: NodeSpec, command: Command): Command {
  return {
    ...command,
    says: `${command.says}, as they come from the source`,
    stdin: '',
    argv: script(receiveScript, inletPath(spec), ...command.argv),
  }
}

const receiveScript = `
inlet=$1
shift
rm -f -- "$inlet"
mkfifo -m 600 "$inlet"
chown --reference="\${inlet%/*}" "$inlet"
exec 3<> "$inlet" 4< "$inlet"
tries=0
while [ -p "$inlet" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt ${waitedMax} ]; then
    rm -f -- "$inlet"
    echo 'no stream came from the source' >&2
    exit 74
  fi
  sleep 0.1
done
exec 3>&-
exec "$@" <&4 4<&-`

/** Where a stream goes from the source, and how fast. */
export interface Sending {
  readonly ways: readonly Way[]
  /** Of the stream itself, however many take it; 0: no limit. */
  readonly bytesPerSecondMax: number
}

/**
 * The output of a command on the source into the peers' inlets, read once, at the pace of the slowest. Prints
 * `bytes N` each second, then `to NAME EXIT WHY` for each peer; ends as the command did. A peer that breaks off is left
 * behind. When nobody listens to the bytes any more, everything ends: evha is gone.
 */
export function sendOn(spec: NodeSpec, command: Command, { ways, bytesPerSecondMax }: Sending): Command {
  return changes(
    `${command.says} and send them to ${ways.map((way) => way.name).join(', ')}`,
    script(
      sendScript,
      keyDir(spec),
      bindOf(spec),
      String(Math.floor(bytesPerSecondMax)),
      String(ways.length),
      ...ways.flatMap(wordsOf),
      ...command.argv,
    ),
    { timeoutMs: command.timeoutMs, ...(command.stdin === undefined ? {} : { stdin: command.stdin }) },
  )
}

const sendScript = `
export LC_ALL=C
umask 077
${reachFunction}
pace() {
  blocks=$(((limit / 4 + 16383) / 16384)) sent=0 start=$(date +%s%3N)
  exec 6>&1
  while said=$(dd bs=16384 count="$blocks" iflag=fullblock 2>&1 >&6); do
    case $said in 0+0*) break ;; esac
    sent=$((sent + blocks * 16384))
    early=$((start + sent * 1000 / limit - $(date +%s%3N)))
    if [ "$early" -gt 0 ]; then sleep "$((early / 1000)).$(printf %03d "$((early % 1000))")"; fi
  done
}
cd "$1"
bind=$2 limit=$3 count=$4
shift 4
at=$(mktemp -d ./send.XXXXXX)
trap 'rm -rf -- "$at"' EXIT
trap 'exit 143' HUP INT TERM
cat > "$at/in"
mkfifo "$at/all"
k=0 inlets= names= peers=
while [ "$k" -lt "$count" ]; do
  mkfifo "$at/$k"
  reach "$1" "$2" "$3" "$4" < "$at/$k" > "$at/$k.said" 2>&1 &
  peers="$peers $!" names="$names $1" inlets="$inlets $at/$k" k=$((k + 1))
  shift 4
done
"$@" < "$at/in" > "$at/all" &
from=$!
if [ "$limit" = 0 ]; then tee -p $inlets < "$at/all" > /dev/null &
else pace < "$at/all" | tee -p $inlets > /dev/null & fi
tee=$!
(
  trap '' PIPE
  while sleep 1 > /dev/null 2>&1; do
    bytes=$(sed -n 's/^rchar: //p' "/proc/$tee/io" 2> /dev/null) || break
    echo "bytes $bytes" 2> /dev/null || kill 0
  done
) &
told=$!
k=0 report=
for pid in $peers; do
  code=0
  wait "$pid" || code=$?
  name=\${names# }
  name=\${name%% *} names=\${names#" $name"}
  report="\${report}to $name $code $(tail -n 1 "$at/$k.said")
" k=$((k + 1))
done
# Whoever still reads has nobody left to read for.
kill "$tee" "$told" 2> /dev/null || :
code=0
wait "$from" || code=$?
printf %s "$report"
exit "$code"`

/** How one peer's part of the stream ended on the source; `why` is ssh's last word. */
export interface Arrival {
  readonly exitCode: number
  readonly why: string
}

/** Takes what `sendOn` prints, as it comes; `onBytes` hears how much was read so far. */
export function sentReader(onBytes: (bytes: number) => void) {
  let rest = ''
  const arrivals = new Map<string, Arrival>()
  const line = (text: string): void => {
    const bytes = /^bytes (\d+)$/.exec(text)?.[1]
    if (bytes !== undefined) onBytes(Number(bytes))
    const [, name, code, why = ''] = /^to (\S+) (\d+) ?(.*)$/.exec(text) ?? []
    if (name !== undefined) arrivals.set(name, { exitCode: Number(code), why: why.trim() })
  }
  return {
    add(text: string): void {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const one of lines) line(one)
    },
    arrivals: arrivals as ReadonlyMap<string, Arrival>,
  }
}
