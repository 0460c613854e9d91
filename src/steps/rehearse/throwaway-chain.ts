import { type Command, changes, reads, script } from '../../base/command.ts'
import { Secret } from '../../base/secret.ts'
import { homeFiles, initArgv } from '../../evnode/home.ts'
import { ballastDir } from '../../evnode/throwaway.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { asServiceUser } from '../host/service-user.ts'
import { permitDropInPath, unitPath } from '../host/unit-files.ts'
import { warmUpUnit, warmUpUnitPath } from '../warm-up/place.ts'

/** Says that a rehearsal laid this home, and for which chain; only what bears it is ever removed. */
const markName = '.evha-rehearsal'

/** What a rehearsal lays, and what must not be there before. */
const laid = (spec: NodeSpec) => [
  spec.home,
  unitPath(spec),
  warmUpUnitPath(spec),
  spec.paths.evha,
  spec.raftDir,
]

/** Prints the paths that are there already. */
export const occupied = (spec: NodeSpec): Command =>
  reads(
    'see whether anything is there already',
    script(
      'for path in "$@"; do if [ -e "$path" ] || [ -L "$path" ]; then echo "$path"; fi; done',
      ...laid(spec),
    ),
  )

/** Lays a throwaway passphrase where there is none. */
export const layPassphrase = (spec: NodeSpec, user: string, passphrase: string): Command =>
  changes(
    'lay a throwaway passphrase',
    script(
      `if [ -e "$1" ]; then exit 0; fi
mkdir -p "\${1%/*}"
umask 077
cat > "$1"
if [ -n "$2" ]; then chown "$2" "$1"; fi
: > "$1.evha-rehearsal"`,
      spec.passphraseFile ?? '',
      user,
    ),
    { stdin: new Secret(passphrase) },
  )

/** A home with a fresh key, node key and genesis, marked as a rehearsal's. */
export const initHome = (spec: NodeSpec, chain: string, user: string): Command =>
  changes(
    'make a throwaway key and chain',
    script(
      `home=$1 mark=$2 chain=$3 user=$4
shift 4
mkdir -p "$home"
chmod 750 "$home"
printf '%s\\n' "$chain" > "$home/$mark"
if [ -n "$user" ]; then chown -R "$user" "$home"; fi
"$@" >/dev/null`,
      spec.home,
      markName,
      chain,
      user,
      ...asServiceUser(
        user,
        initArgv({
          binary: spec.binary,
          home: spec.home,
          chain,
          ...(spec.passphraseFile === undefined ? {} : { passphraseFile: spec.passphraseFile }),
        }),
      ),
    ),
    { timeoutMs: 60_000 },
  )

/** Files of so many bytes that no node opens and nothing can compress. */
export const layBallast = (spec: NodeSpec, bytes: number, user: string): Command =>
  changes(
    'lay files of the real size',
    script(
      `dir=$1 left=$2 user=$3 each=1073741824 n=1
mkdir -p "$dir"
while [ "$left" -gt 0 ]; do
  size=$each
  if [ "$left" -lt "$size" ]; then size=$left; fi
  head -c "$size" /dev/urandom > "$dir/$n.bin"
  left=$((left - size)) n=$((n + 1))
done
if [ -n "$user" ]; then chown -R "$user" "\${dir%/*}"; fi`,
      ballastDir(spec.home),
      String(bytes),
      user,
    ),
    { timeoutMs: 6 * 3_600_000 },
  )

/**
 * Takes away all that the rehearsal laid on this host. Refuses, exit 3, a home whose genesis is of another chain: that
 * was never the rehearsal's.
 */
export const removeLaid = (spec: NodeSpec, chain: string): Command =>
  changes(
    'take the throwaway chain away',
    script(
      `unit=$1 genesis=$2 chain=$3 pass=$4 full=$5
shift 5
if [ -e "$genesis" ] && ! grep -q "\\"chain_id\\": *\\"$chain\\"" "$genesis"; then
  echo "$genesis is of another chain" >&2
  exit 3
fi
systemctl stop "$full" 2>/dev/null || true
systemctl stop "$unit" 2>/dev/null || true
systemctl disable "$unit" 2>/dev/null || true
rm -rf -- "$@"
if [ -n "$pass" ] && [ -e "$pass.evha-rehearsal" ]; then rm -f -- "$pass" "$pass.evha-rehearsal"; fi
systemctl daemon-reload
systemctl reset-failed "$unit" "$full" 2>/dev/null || true`,
      spec.unit,
      homeFiles(spec.home).genesis,
      chain,
      spec.passphraseFile ?? '',
      warmUpUnit(spec),
      ...laid(spec),
      permitDropInPath(spec).replace(/\/[^/]*$/, ''),
      spec.paths.run,
    ),
    { timeoutMs: 120_000 },
  )

/** Prints the chain a home was laid for by a rehearsal; nothing where it was not. */
export const laidFor = (spec: NodeSpec): Command =>
  reads('see whose home it is', script('if [ -e "$1" ]; then cat "$1"; fi', `${spec.home}/${markName}`))
