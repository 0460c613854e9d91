import { type Command, changes, reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'

/** The file on the source that says which run works here; one run at a time, from whatever workstation. */
export const claimPath = (spec: NodeSpec) => `${spec.paths.evha}/claim`

/** Claims the source for a run: written whole, then linked, so that it is there with its text or not at all. Prints who holds it; exit 3 when that is another run. */
export function claim(spec: NodeSpec, run: string, who: string): Command {
  return changes(
    'claim the source for this run',
    script(
      `mkdir -p "\${1%/*}"
new=$1.new.$$
printf '%s %s %s\\n' "$2" "$3" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" > "$new"
sync "$new"
if ln "$new" "$1" 2>/dev/null; then sync "\${1%/*}"; fi
rm -f "$new"
IFS=' ' read -r run rest < "$1"
echo "$run $rest"
[ "$run" = "$2" ] || exit 3`,
      claimPath(spec),
      run,
      who,
    ),
  )
}

export const readClaim = (spec: NodeSpec) =>
  reads('read who works on the source', script('if [ -e "$1" ]; then cat "$1"; fi', claimPath(spec)))
