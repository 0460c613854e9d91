import { type Command, changes, reads, script } from '../base/command.ts'
import type { Held } from '../remote/guarded.ts'

/** Where a host keeps who holds its chain: `holder`, when it was last heard (`alive`), and the guard's `lock`. */
export const leaseDir = (paths: { readonly evha: string }) => `${paths.evha}/lease`

/** Who holds a run, as it stands on the hosts. */
export interface Holder extends Held {
  readonly run: string
  /** `user@workstation`. */
  readonly by: string
  /** ISO time of the holder's workstation. */
  readonly since: string
}

/** What one host says of the lease. */
export interface LeaseSeen {
  readonly holder: Holder | null
  /** Seconds since the holder was last heard; null when it gave the lease back, or the host rebooted since. */
  readonly silentSeconds: number | null
  /** Seconds of the host's uptime at which it was last heard; null as `silentSeconds` is. */
  readonly heardSeconds: number | null
  readonly released: boolean
  /** The run that has claimed the source; null where none is written. */
  readonly claim: string | null
  /** The run that has taken the chain to a cluster, by the decision on the source; null where none is written. */
  readonly committed: string | null
}

/** Exit codes of `takeLease`: somebody was quicker, or the holder lives. */
export const leaseRefused = { newer: 3, alive: 4 } as const

/** Its one line in `holder`. */
const lineOf = ({ epoch, holder, run, by, since }: Holder) => `${epoch} ${holder} ${run} ${by} ${since}`

/** `look` sets `silent` to the seconds since the holder was heard, `released`, or `gone` after a reboot; `hear` hears it. */
const silence = `
boot() { read -r boot </proc/sys/kernel/random/boot_id; }
now() { IFS='. ' read -r now rest </proc/uptime; }
look() {
  silent=gone
  heard=-
  [ -e "$lease/alive" ] || return 0
  read -r booted heard <"$lease/alive"
  if [ "$booted" = released ]; then
    silent=released
    return 0
  fi
  boot
  now
  if [ "$booted" = "$boot" ]; then silent=$((now - heard)); fi
}
hear() {
  boot
  now
  printf '%s %s\\n' "$boot" "$now" >"$lease/alive.new"
  mv -f "$lease/alive.new" "$lease/alive"
}`.trim()

export const readLease = (dir: string): Command =>
  reads(
    'read who holds the run',
    script(
      `lease=$1
${silence}
if [ -e "$lease/holder" ]; then
  look
  cat "$lease/holder"
  echo "$silent $heard"
else
  printf 'none\\n-\\n'
fi
if [ -e "$2/claim" ]; then cat "$2/claim"; else echo -; fi
if [ -e "$2/decision" ]; then cat "$2/decision"; fi`,
      dir,
      dir.replace(/\/[^/]*$/, ''),
    ),
  )

export function parseLease(text: string): LeaseSeen {
  const [line = 'none', alive = '-', claim = '', decided = ''] = text.split('\n')
  const [epoch = '', holder = '', run = '', by = '', since = ''] = line.split(' ')
  const [silent = '-', heard = '-'] = alive.split(' ')
  const [claimedBy = ''] = claim.split(' ')
  const [decision = '', decidedBy = ''] = decided.split(' ')
  const seconds = Number(silent)
  const isHeard = Number.isInteger(seconds)
  return {
    holder: line === 'none' ? null : { epoch: Number(epoch), holder, run, by, since },
    silentSeconds: isHeard ? seconds : null,
    heardSeconds: isHeard ? Number(heard) : null,
    released: silent === 'released',
    claim: claimedBy === '-' ? null : claimedBy || null,
    committed: decision === 'committed' ? decidedBy : null,
  }
}

/**
 * Takes the lease on one host: exit 3 when an equal or a newer epoch stands there, 4 when its holder lives and is not
 * `from`. Once the new epoch is written every older command is refused; those that run are waited for, then ended, and
 * are proved gone by the guard's own lock.
 */
export function takeLease(dir: string, holder: Holder, from: string | null, ttlSeconds: number): Command {
  return changes(
    `take the lease, epoch ${holder.epoch}`,
    script(
      `lease=$1
${silence}
mkdir -p "$lease"
umask 077
exec 9>"$lease/take"
flock -w 10 9
if [ -e "$lease/holder" ]; then
  read -r epoch holder rest <"$lease/holder"
  if [ "$epoch $holder" != "$2 $3" ]; then
    [ "$epoch" -lt "$2" ] || exit ${leaseRefused.newer}
    look
    if [ "$holder" != "$5" ] && [ "$silent" != released ] && [ "$silent" != gone ]; then
      [ "$silent" -gt "$6" ] || exit ${leaseRefused.alive}
    fi
  fi
fi
: >>"$lease/lock"
printf '%s\\n' "$4" >"$lease/holder.new"
sync "$lease/holder.new"
mv -f "$lease/holder.new" "$lease/holder"
hear
sync "$lease"
gone() { flock -x -w "$1" "$lease/lock" true; }
end() {
  for fd in /proc/[0-9]*/fd/8; do
    if [ "$fd" -ef "$lease/lock" ]; then fd=\${fd#/proc/}; kill -s "$1" "\${fd%%/*}" 2>/dev/null || :; fi
  done
}
gone 2 || { end TERM; gone 2; } || { end KILL; gone 5; }`,
      dir,
      String(holder.epoch),
      holder.holder,
      lineOf(holder),
      from ?? '-',
      String(ttlSeconds),
    ),
    { timeoutMs: 30_000 },
  )
}

/** What `renewLease` prints. */
export const renewAnswers = { heard: 'heard', released: 'released' } as const

/**
 * The holder is heard on this host. Sent behind the guard; not when the lease was released by hand, and not in the moment in
 * which it is: a beat that looked before and wrote after would undo the release. It waits for nobody; the next one comes soon.
 */
export const renewLease = (dir: string): Command =>
  changes(
    'renew the lease',
    script(
      `lease=$1
${silence}
exec 9>"$lease/take"
flock -n 9 || { echo ${renewAnswers.heard}; exit 0; }
look
if [ "$silent" = released ]; then echo ${renewAnswers.released}; exit 0; fi
hear
echo ${renewAnswers.heard}`,
      dir,
    ),
    { timeoutMs: 4_000, often: true },
  )

/** Gives the lease back where it is this holder's; does nothing elsewhere. */
export const releaseLease = (dir: string, { epoch, holder }: Held): Command =>
  changes(
    'give the lease back',
    script(
      `[ -e "$1/holder" ] || exit 0
exec 9>"$1/take"
flock -w 5 9
read -r stands <"$1/holder"
case $stands in "$2 "*)
  printf 'released -\\n' >"$1/alive.new"
  mv -f "$1/alive.new" "$1/alive"
  sync "$1" ;;
esac`,
      dir,
      `${epoch} ${holder}`,
    ),
    { timeoutMs: 5_000 },
  )
