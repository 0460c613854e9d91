import { type Command, changes, reads, script } from '../../base/command.ts'
import { changeDecision, type DecisionKey, lostCompare, textOf } from '../host/decision.ts'
import { putKeyBack } from '../host/key-aside.ts'
import { givePermit, takePermit } from '../host/permits.ts'
import { sourceFilesSeen } from '../host/unit-files.ts'
import type { Host, StepContext } from '../step.ts'
import { guardDir } from '../window/stop-source.ts'
import { deadManFiles } from './place.ts'

type Rendering = (command: Pick<Command, 'argv'>) => string

/**
 * What a dead-man's unit runs, as text of a script: looks twice a second whether it is still armed and whether its
 * deadline has passed, by the host's own uptime. It acts at most once at a time, under its lock, looks there once more,
 * and stays armed until all of it is done: whatever ends it in between, systemd starts it again and it begins anew.
 */
export function watchScript(context: StepContext, host: Host, key: DecisionKey): string {
  const { dir, armed, lock, deadline } = deadManFiles(host.spec)
  const text = ({ argv }: Pick<Command, 'argv'>) => context.hands.shellText(argv)
  const quoted = (word: string) => context.hands.shellText([word])
  const acts = host === context.source ? returns(context, host, key, text) : endsMember(host, text)
  return `# Written by evha: the dead-man of ${host.spec.name} in the run and attempt ${textOf(key)}.
set -u
dir=${quoted(dir)} armed=${quoted(armed)} lock=${quoted(lock)} deadline=${quoted(deadline)} key=${quoted(textOf(key))}
boot=$(systemd-id128 boot-id) && [ -n "$boot" ] || exit 1
line=
mine() { { read -r line < "$armed"; } 2>/dev/null && [ "\${line% *}" = "$key" ]; }
expired() {
  [ "\${line##* }" = "$boot" ] || return 0
  { read -r until < "$deadline"; } 2>/dev/null || return 0
  read -r up rest < /proc/uptime
  [ "\${up%.*}\${up#*.}" -ge "$until" ]
}
over() { rm -f "$armed" && sync "$dir"; exit; }
act() {
${acts}
over
}
while mine; do
  if expired; then
    exec 9> "$lock"
    flock -w 30 9 || exit 1
    mine || exit 0
    if expired; then echo 'evha was not heard in time'; act; fi
    exec 9>&-
  fi
  sleep 0.5
done
`
}

/**
 * The source's: the decision first, by the one compare-and-set, and nothing without it. Then the guard ends, key and permit
 * come back, and the old unit starts. What is done already is done again without harm.
 */
function returns(context: StepContext, { spec }: Host, key: DecisionKey, text: Rendering): string {
  return `said=$(${text(changeDecision(spec, ['open'], 'returned', key))})
case $? in
  0) ;;
  ${lostCompare})
    echo "nothing to do, the decision is: $said"
    case $said in 'held '*) exit 1 ;; esac
    over ;;
  *) exit 1 ;;
esac
echo "the decision is: $said"
${text(areUnchanged(context))} || { echo 'config or unit changed since evha looked: a human has to start it'; exit 1; }
${text(context.hands.endOfDetached(guardDir(context)))} || exit 1
${text(putKeyBack(spec))} || exit 1
${text(givePermit(spec, 'single', 'durable'))} || exit 1
${text(startAgain(spec.unit))} || exit 1
echo 'the old sequencer was started'`
}

/** As the way back does it: what it would start must be what produced before. */
function areUnchanged(context: StepContext) {
  const files = sourceFilesSeen(context)
  return reads(
    'compare config and unit with what check saw',
    script(
      'printf %s "$1" | sha256sum --check --status',
      files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join(''),
    ),
  )
}

/** One that does not heed its stop is killed: the start would wait for it. */
const startAgain = (unit: string) =>
  changes(
    `start ${unit}`,
    script(
      `if [ "$(systemctl is-active "$1")" = deactivating ]; then systemctl kill --signal=SIGKILL "$1" || true; fi
systemctl reset-failed "$1" 2>/dev/null || true
systemctl start "$1"`,
      unit,
    ),
  )

/** A peer's: the permit first, so that nothing starts it again; then the process. */
function endsMember({ spec }: Host, text: Rendering): string {
  return `${text(takePermit(spec, 'raft'))} || exit 1
${text(killForGood(spec.unit))} || exit 1
echo 'the permit is taken and the member ended'`
}

const killForGood = (unit: string) =>
  changes(
    `kill ${unit}`,
    script('systemctl kill --signal=SIGKILL "$1" 2>/dev/null || true\nsystemctl stop "$1"', unit),
  )
