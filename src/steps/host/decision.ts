import { type Command, changes, reads, script } from '../../base/command.ts'
import type { Decision } from '../../base/names.ts'
import type { NodeSpec } from '../../runbook/load.ts'

/** Which run and attempt a decision belongs to. */
export interface DecisionKey {
  readonly run: string
  readonly attempt: number
  readonly epoch: number
}

export interface DecisionFile extends DecisionKey {
  readonly decision: Decision
}

/** The key as it stands in the file, behind the decision. */
export const textOf = (key: DecisionKey) => `${key.run} ${key.attempt} ${key.epoch}`

const fileOf = (spec: NodeSpec) => `${spec.paths.evha}/decision`

/** Exit code of a compare-and-set that found something else than it compared with. */
export const lostCompare = 3

/**
 * Compare-and-set of the one arbiter: under a lock, fsynced with its directory. Prints the file as it is afterwards.
 * `from` names what may stand there: `absent`, `STATE` of this run and attempt in this or an older epoch, or
 * `other:STATE` of any other run or attempt.
 * Exit 3: something else stands there, and nothing was changed. Writing what already stands is a success.
 */
export function changeDecision(
  spec: NodeSpec,
  from: readonly string[],
  to: Decision,
  key: DecisionKey,
): Command {
  return changes(
    `decide: ${from.join(' or ')} -> ${to}`,
    script(
      `file=$1 to=$2 key=$3 epoch=$4
shift 4
[ -d "\${file%/*}" ] || mkdir -p "\${file%/*}"
exec 9>"$file.lock"
flock -w 5 9
now=absent run= attempt= stood=0
if [ -e "$file" ]; then IFS=' ' read -r now run attempt stood < "$file"; fi
stands="$run $attempt"
if [ "$now $stands $stood" = "$to $key $epoch" ]; then cat "$file"; exit 0; fi
for allowed in "$to" "$@"; do
  case $allowed in
    absent) [ "$now" = absent ] || continue ;;
    other:*) [ "$now" = "\${allowed#other:}" ] && [ "$stands" != "$key" ] || continue ;;
    *) [ "$now $stands" = "$allowed $key" ] && [ "$stood" -le "$epoch" ] || continue ;;
  esac
  new=$file.new ready=
  if [ -e "$file.$to" ]; then read -r ready < "$file.$to" || :; fi
  if [ "$ready" = "$to $key $epoch" ]; then new=$file.$to
  else printf '%s %s %s\\n' "$to" "$key" "$epoch" > "$new"; fi
  sync "$new"
  mv -f "$new" "$file"
  sync "\${file%/*}"
  echo "$to $key $epoch"
  exit 0
done
if [ -e "$file" ]; then cat "$file"; else echo absent; fi
exit ${lostCompare}`,
      fileOf(spec),
      to,
      `${key.run} ${key.attempt}`,
      String(key.epoch),
      ...from,
    ),
  )
}

/** Where a decision lies ready until it is taken. */
export const readyPath = (spec: NodeSpec, to: Decision) => `${fileOf(spec)}.${to}`

/** Lays a decision ready beside the file, so that it can be taken with a rename alone: also on a disk that is full. */
export function readyDecision(spec: NodeSpec, to: Decision, key: DecisionKey): Command {
  return changes(
    `lay "${to}" ready`,
    script(
      `file=$1
mkdir -p "\${file%/*}"
printf '%s %s\\n' "$2" "$3" > "$file.new"
sync "$file.new"
mv -f "$file.new" "$file"`,
      readyPath(spec, to),
      to,
      textOf(key),
    ),
  )
}

export function readDecisionFile(spec: NodeSpec): Command {
  return reads(
    'read the decision',
    script(`if [ -e "$1" ]; then cat "$1"; else echo absent; fi`, fileOf(spec)),
  )
}

/** Parses what the two commands above print; null for `absent` and for anything that is not a decision. */
export function parseDecision(text: string): DecisionFile | null {
  const [, word, run = '', attempt, epoch] =
    /^(\w+) (\S+) (\d{1,15}) (\d{1,15})(?:\s|$)/.exec(text.trim()) ?? []
  const known: readonly Decision[] = ['open', 'held', 'committed', 'returned']
  const decision = known.find((one) => one === word)
  return decision === undefined ? null : { decision, run, attempt: Number(attempt), epoch: Number(epoch) }
}
