import { reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { unitPath } from '../host/unit-files.ts'

/** A process of a host that may be the node. */
export interface HostProcess {
  readonly pid: number
  readonly parentPid: number
  readonly user: string
  /** Control groups it belongs to, as the kernel names them. */
  readonly cgroup: string
  /** The program it runs, symlinks resolved. */
  readonly program: string
  readonly workingDirectory: string
  readonly argv: readonly string[]
  /** Names of its environment; the values are not looked at, they may be secret. */
  readonly variables: readonly string[]
}

/** A line by which something else than the operator may start the node. */
export interface StarterLine {
  readonly file: string
  readonly line: string
}

/** Who runs the node on a host, or could start it, besides its unit. */
export interface Starters {
  readonly processes: readonly HostProcess[]
  /** Units that trigger the node's, such as a timer. */
  readonly triggers: readonly string[]
  readonly lines: readonly StarterLine[]
}

const linesMax = 20

/** One read-only look: prints `key` and tab-separated words. */
export function lookForStarters(spec: NodeSpec) {
  return reads(
    'look who else starts the node',
    script(
      `set +e # What is not there is nothing found.
home=$1 binary=$2 unit=$3 file=$4
tab=$(printf '\\t')
real=$(readlink -f -- "$binary" || echo "$binary")
{
  grep -lzxF -e "$home" -e "--home=$home" /proc/[0-9]*/cmdline
  ls -l /proc/[0-9]*/exe | grep -F -e "/exe -> $binary" -e "/exe -> $real" | sed 's|.* \\(/proc/[0-9]*\\)/exe -> .*|\\1/cmdline|'
} 2>/dev/null | sort -u | while read -r cmdline; do
  dir=\${cmdline%/cmdline}
  argv=$(tr '\\n\\t' '  ' < "$cmdline" | tr '\\0' '\\t') || continue
  parent=$(sed -n 's/^PPid:[^0-9]*//p' "$dir/status") || continue
  names=$(tr '\\n' ' ' < "$dir/environ" | tr '\\0' '\\n' | sed 's/=.*//' | tr '\\n' ' ') || names=
  printf 'process\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "\${dir#/proc/}" "$parent" "$(stat -c %U "$dir")" \\
    "$(tr '\\n' ' ' < "$dir/cgroup")" "$(readlink "$dir/exe")" "$(readlink "$dir/cwd")" "$names" "$argv"
done 2>/dev/null
for trigger in $(systemctl show "$unit" --property=TriggeredBy --value 2>/dev/null); do printf 'trigger\\t%s\\n' "$trigger"; done
{
  grep -sHF -e "\${unit%.service}" -e "$binary" /etc/crontab /etc/anacrontab /etc/cron.d/* /etc/cron.hourly/* \\
    /etc/cron.daily/* /etc/cron.weekly/* /etc/cron.monthly/* /var/spool/cron/* /var/spool/cron/crontabs/*
  for other in "\${file%/*}"/*.service; do
    if [ "$other" != "$file" ]; then grep -sHE '^[[:space:]]*Exec[A-Za-z]*=' "$other" | grep -F -e "\${unit%.service}" -e "$binary"; fi
  done
} | grep -v '^[^:]*:[[:space:]]*#' | head -n ${linesMax} | cut -c 1-300 | while IFS= read -r found; do
  printf 'line\\t%s\\t%s\\n' "\${found%%:*}" "$(printf %s "\${found#*:}" | tr "$tab" ' ')"
done
true`,
      spec.home,
      spec.binary,
      spec.unit,
      unitPath(spec),
    ),
  )
}

export function readStarters(text: string): Starters {
  const rows = text.split('\n').map((line) => line.split('\t'))
  const all = (key: string) => rows.filter(([name]) => name === key).map(([, ...rest]) => rest)
  return {
    processes: all('process').map(
      ([pid, parent, user = '', cgroup = '', program = '', cwd = '', names = '', ...argv]) => ({
        pid: Number(pid),
        parentPid: Number(parent),
        user,
        cgroup,
        program: program.replace(/ \(deleted\)$/, ''),
        workingDirectory: cwd,
        variables: names.split(' ').filter(Boolean),
        // The kernel ends every word, the last one too.
        argv: argv.at(-1) === '' ? argv.slice(0, -1) : argv,
      }),
    ),
    triggers: all('trigger').map(([name = '']) => name),
    lines: all('line').map(([file = '', line = '']) => ({ file, line: line.trim() })),
  }
}
