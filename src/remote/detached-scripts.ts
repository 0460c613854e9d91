import { processGroupFunctions } from './process-group.ts'

/**
 * The scripts behind detached jobs. The run directory holds: `job` (group number, start ticks, boot id),
 * `argv` (digest of the command), `out`, `err`, and in the end `exit` (a number, or `killed`). `job` and `exit`
 * appear by rename. `lock` keeps a start and a kill apart.
 */
const shared = `
set -u
umask 077
${processGroupFunctions}
leads() {
  line=
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  want=$2
  set -- \${line##*) }
  case $1 in Z|X|x) return 1 ;; esac
  [ "\${20}" = "$want" ]
}
# A living leader answers for its group: looking at every process of a host takes a tenth of a second and more.
alive() {
  group= start= booted=
  { read -r group start booted <"$1/job"; } 2>/dev/null || return 1
  read -r boot </proc/sys/kernel/random/boot_id
  [ "$booted" = "$boot" ] || return 1
  leads "$group" "$start" || { same "$group" "$start" && [ -n "$(members "$group")" ]; }
}
tell() {
  if [ -e "$1/exit" ]; then
    read -r code <"$1/exit"
    cut=whole
    for f in out err; do
      [ -e "$1/$f" ] || continue
      [ "$(wc -c <"$1/$f")" -le "$2" ] || cut=cut
    done
    printf 'ended %s %s\\n' "$code" "$cut"
    if [ -e "$1/out" ]; then head -c "$2" -- "$1/out"; fi
    if [ -e "$1/err" ]; then head -c "$2" -- "$1/err" >&2; fi
  elif [ ! -e "$1/job" ]; then
    echo none
  elif alive "$1"; then
    printf 'running %s\\n' "$group"
  elif [ -e "$1/exit" ]; then
    tell "$1" "$2"
  else
    echo lost
  fi
}
`.trim()

/** The job itself, leader of its own session: records itself, runs the command, records the exit code. */
const jobScript = `
dir=$1; shift
read -r a b c d e f g h i j k l m n o p q r s t u start rest </proc/$$/stat || exit 1
read -r boot </proc/sys/kernel/random/boot_id || exit 1
printf '%s %s %s\\n' "$$" "$start" "$boot" >"$dir/job.new" || exit 1
sync -- "$dir/job.new" && mv -f -- "$dir/job.new" "$dir/job" && sync -- "$dir" || exit 1
# A kill that came first leaves "exit"; it looks again for this record after writing it, so one of the two is seen.
[ ! -e "$dir/exit" ] || exit 1
exec 3>&-
"$@" </dev/null >"$dir/out" 2>"$dir/err"
printf '%s\\n' "$?" >"$dir/exit.new" && sync -- "$dir/exit.new" && mv -f -- "$dir/exit.new" "$dir/exit"
sync -- "$dir"
`.trim()

/** $1 a command line that must exit 0 first, or nothing; $2 run directory, then the command. */
export const startScript = `${shared}
job=${singleQuoted(jobScript)}
[ -z "$1" ] || eval "$1" >/dev/null || exit $?
dir=$2; shift 2
{ [ -d "$dir" ] || mkdir -p -- "$dir"; } && exec 9>"$dir/lock" && flock -w 10 9 || { echo "cannot lock $dir" >&2; exit 1; }
digest=$(printf '%s\\0' "$@" | sha256sum)
if [ -e "$dir/argv" ] && [ "$(cat "$dir/argv")" != "$digest" ]; then
  echo "another command was started in $dir" >&2
  exit 1
fi
if [ ! -e "$dir/job" ] && [ ! -e "$dir/exit" ]; then
  printf '%s\\n' "$digest" >"$dir/argv"
  # Neither lock is for the job to keep: not this one, nor that of the guard (guarded.ts). It closes descriptor 3 once its
  # record is on the disk, or with its end: this waits for that, and looks for nothing.
  : "$(setsid sh -c "$job" evha "$dir" "$@" </dev/null 3>&1 >/dev/null 2>&1 8>&- 9>&- &)"
fi
tell "$dir" 65536
`

/** $1 run directory, $2 how many tenths of a second to wait for the end, $3 bytes of output to tell. */
export const attachScript = `${shared}
tries=$2
while [ "$tries" -gt 0 ] && [ ! -e "$1/exit" ] && alive "$1"; do
  sleep 0.1
  tries=$((tries - 1))
done
tell "$1" "$3"
`

/** $1 run directory. What was never started is marked as killed too, so that no late start can land. */
export const killScript = `${shared}
mkdir -p -- "$1" && exec 9>"$1/lock" && flock -w 10 9 || { echo "cannot lock $1" >&2; exit 1; }
end_it() {
  alive "$1" || return 0
  stop_group "$group" "$start" 50 50 || { echo "something of group $group is still running" >&2; exit 1; }
}
end_it "$1"
if [ ! -e "$1/exit" ]; then
  echo killed >"$1/killed" && sync -- "$1/killed" && mv -f -- "$1/killed" "$1/exit" && sync -- "$1"
fi
end_it "$1"
`

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
