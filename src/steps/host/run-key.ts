import { type Command, changes, reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'

/** On the source: the run's key and the peers' host keys. On a peer: where the stream comes in. Gone with a reboot. */
export const keyDir = (spec: NodeSpec) => `${spec.paths.run}/seed/${spec.name}`

/** The name on a peer by which a stream comes in: a pipe, there only while a pass waits for it. */
export const inletPath = (spec: NodeSpec) => `${keyDir(spec)}/inlet`

/** What the key opens says this when nothing is asked of it. */
export const knockAnswer = 'evha lets in the store of this run'

/** Exit codes: no ssh client on the source; no file of login keys that evha could add a line to. */
export const noWay = { noClient: 69, noKeyFile: 66 } as const

/** What a host needs to reach a peer's sshd: the names are those of ssh's own options. */
export interface Way {
  /** The peer's node name; under it the source knows the host key. */
  readonly name: string
  readonly user: string
  readonly port: number
  readonly address: string
}

/**
 * A key for this run alone, made on the source and never anywhere else: no agent, no workstation, no disk, as the
 * directory lies below /run. Prints the public key, and the addresses the source may be seen by, a line each.
 */
export function makeKey(spec: NodeSpec, run: string): Command {
  return changes(
    "make the run's key for copies from host to host",
    script(
      `umask 077
if ! command -v ssh > /dev/null || ! command -v ssh-keygen > /dev/null; then
  echo 'there is no ssh client' >&2
  exit ${noWay.noClient}
fi
rm -rf -- "$1"
( umask 022; mkdir -p "\${1%/*}" )
mkdir "$1"
ssh-keygen -q -t ed25519 -N '' -C "evha $2" -f "$1/key"
cut -d ' ' -f 1,2 "$1/key.pub"
hostname -I 2> /dev/null || :`,
      keyDir(spec),
      run,
    ),
  )
}

/** The host keys by which evha itself knows the peers: ssh on the source takes no other. */
export function layHostKeys(spec: NodeSpec, lines: readonly string[]): Command {
  return changes(
    'lay the host keys of the peers beside the key',
    script('umask 077\ncat > "$1/known_hosts"', keyDir(spec)),
    { stdin: lines.map((line) => `${line}\n`).join('') },
  )
}

export const removeKey = (spec: NodeSpec): Command =>
  changes("remove the run's key", script('rm -rf -- "$1"\nrmdir "${1%/*}" 2> /dev/null || :', keyDir(spec)))

/** The end of the line by which evha knows it again. */
const markOf = (spec: NodeSpec, run: string) => `evha seed ${run} ${spec.name}`

/** The same as a pattern of sed and grep: of all characters of these names only the dot means something there. */
const patternOf = (spec: NodeSpec, run: string) => markOf(spec, run).replaceAll('.', '[.]')

/**
 * `find_file` sets `file` to the login's own authorized_keys, `user` to the login. `alone` waits until nobody else of
 * evha is at it, as where nodes share a host, and takes away what one that was killed left there. `edit PATTERN LINE`
 * then takes out the lines that end in PATTERN and appends LINE, if any, on a copy with the same owner, mode and labels,
 * which takes the place in one rename. A file without a newline at its end gets one, and gives it back when the line
 * goes. Whoever writes meanwhile wins: then it is done again.
 */
const editing = `
export LC_ALL=C
find_file() {
  user=$(id -un) home=$HOME
  if [ -n "\${SUDO_USER:-}" ] && [ "$(id -u)" = 0 ]; then
    user=$SUDO_USER
    home=$(getent passwd "$user" | cut -d : -f 6)
  fi
  file=$(readlink -f -- "$home/.ssh/authorized_keys" || :)
  [ -n "$file" ] && [ -f "$file" ]
}
state() { stat -c '%d %i %s %y %z' -- "$file"; }
alone() {
  exec 9< "\${file%/*}"
  flock -w 10 9
  new=\${file%/*}/.authorized_keys.evha-new
  rm -f -- "$new"
}
edit() {
  trap 'rm -f -- "$new"' EXIT
  trap 'exit 143' HUP INT TERM
  tries=0
  while :; do
    was=$(state)
    cp -a -- "$file" "$new"
    sed "/ $1\\( nl\\)\\{0,1\\}\\$/d" "$file" > "$new"
    if [ -s "$new" ] && tail -n 1 "$file" | grep -aq " $1 nl\\$"; then truncate -s -1 "$new"; fi
    if [ -n "$2" ]; then
      if [ -s "$new" ] && [ "$(tail -c 1 "$new" | wc -l)" = 0 ]; then printf '\\n%s nl\\n' "$2" >> "$new"
      else printf '%s\\n' "$2" >> "$new"; fi
    fi
    sync "$new"
    if [ "$(state)" = "$was" ]; then break; fi
    tries=$((tries + 1))
    if [ "$tries" -ge 5 ]; then echo "$file is written by somebody else all the time" >&2; exit 75; fi
  done
  mv -fT -- "$new" "$file"
  sync "\${file%/*}"
}`.trim()

/** What a line in a peer's authorized_keys is made of. */
export interface LetIn {
  readonly run: string
  /** `ssh-ed25519 AAAA…`. */
  readonly publicKey: string
  /** From these addresses alone. */
  readonly from: readonly string[]
  /** After so many seconds sshd takes the key no more, whatever became of evha. */
  readonly secondsMax: number
  /** Words as a POSIX shell reads them back. */
  readonly shellText: (words: readonly string[]) => string
}

/**
 * What the key opens on a peer, and all it opens: to write into the inlet, which is there only while evha waits for a
 * stream and is gone once one has come. Both ends are opened at once, so that nothing here ever waits for a reader.
 */
const takeIn = [
  `case \${SSH_ORIGINAL_COMMAND:-} in knock) echo ${knockAnswer}; exit ;; esac`,
  'tries=0',
  'until [ -p "$0" ]; do tries=$((tries + 1))',
  'if [ "$tries" -gt 100 ]; then echo no pass waits for a stream >&2; exit 1; fi',
  'sleep 0.1',
  'done',
  'exec 3<> "$0" 4> "$0" 3>&-',
  'rm -f "$0"',
  'exec cat >&4 4>&-',
].join('; ')

/**
 * One line for the run's key into the authorized_keys of the login, and the directory where the stream comes in. Prints
 * `USER PORT`; the port as its sshd sees it, or nothing. The file must be there already: a login that has none takes
 * its keys from elsewhere.
 */
export function letIn(spec: NodeSpec, { run, publicKey, from, secondsMax, shellText }: LetIn): Command {
  // By sh, whatever the login shell is; one line, as authorized_keys has it.
  const forced = shellText(['sh', '-c', takeIn, inletPath(spec)])
  const quoted = `exec ${forced}`.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  return changes(
    "let the run's key in, for the stream of the store alone",
    script(
      `${editing}
if ! find_file; then echo "there is no $home/.ssh/authorized_keys" >&2; exit ${noWay.noKeyFile}; fi
if [ "$(stat -c %h -- "$file")" != 1 ]; then echo "$file has a second name" >&2; exit ${noWay.noKeyFile}; fi
expires=$(date -d "+$6 seconds" +%Y%m%d%H%M%S)
rm -rf -- "$1"
( umask 022; mkdir -p "\${1%/*}" )
mkdir -m 700 "$1"
chown "$user" "$1"
alone
edit "$2" "restrict,expiry-time=\\"$expires\\",from=\\"$4\\",command=\\"$5\\" $3"
set -- \${SSH_CONNECTION:-}
echo "$user \${4:-}"`,
      keyDir(spec),
      patternOf(spec, run),
      `${publicKey} ${markOf(spec, run)}`,
      from.join(','),
      quoted,
      String(secondsMax),
    ),
  )
}

/** Takes the line out again and proves it gone; every other line stays as it is. Does nothing where none was laid. */
export function shutOut(spec: NodeSpec, run: string): Command {
  return changes(
    "take the run's key out of authorized_keys",
    script(
      `${editing}
rm -rf -- "$1"
rmdir "\${1%/*}" 2> /dev/null || :
if ! find_file; then exit 0; fi
alone
ours() { grep -aq " $1\\( nl\\)\\{0,1\\}\\$" "$file"; }
if ours "$2"; then
  edit "$2" ''
  if ours "$2"; then echo "$file still has the line of this run" >&2; exit 1; fi
fi`,
      keyDir(spec),
      patternOf(spec, run),
    ),
  )
}

/**
 * The shell function `reach NAME USER PORT ADDRESS [WORD]` in the directory of the key: ssh with nothing of anybody's
 * configuration, only this key, only the host key that evha knows. `bind` is empty, or the address to come from.
 */
export const reachFunction = `
reach() {
  exec ssh -F /dev/null -T -a -x -i key -l "$2" -p "$3" \${bind:+-b "$bind"} -o HostKeyAlias="$1" \\
    -o UserKnownHostsFile=known_hosts -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes \\
    -o UpdateHostKeys=no -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o ControlPath=none \\
    -o PreferredAuthentications=publickey -o ConnectTimeout=8 -o ServerAliveInterval=5 \\
    -o ServerAliveCountMax=6 -o LogLevel=ERROR -- "$4" \${5:+"$5"}
}`.trim()

/** The address that ssh binds; empty: the kernel chooses. On loopback it would choose 127.0.0.1 for every host. */
export const bindOf = ({ address }: NodeSpec) => (address.startsWith('127.') ? address : '')

export const wordsOf = ({ name, user, port, address }: Way) => [name, user, String(port), address]

/** Whether the source gets through to what the key opens on a peer, and to nothing else there. */
export function knock(spec: NodeSpec, way: Way): Command {
  return reads(
    `knock at ${way.name} with the run's key`,
    script(
      `${reachFunction}
cd "$1"
bind=$2
shift 2
reach "$@" knock < /dev/null`,
      keyDir(spec),
      bindOf(spec),
      ...wordsOf(way),
    ),
    { timeoutMs: 20_000 },
  )
}
