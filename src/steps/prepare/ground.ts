import { reads, script } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { signerPath } from '../host/unit-files.ts'

/** What a node would stand on at a host: room, rights, ports, clock. */
export interface Ground {
  /** The nearest existing directories of home, Raft directory, evha and units that can not be written. */
  readonly readOnly: readonly string[]
  /** Free bytes by directory of the runbook. */
  readonly free: Readonly<Record<string, number>>
  readonly userThere: boolean
  /** Key and passphrase files that the service user can not read. */
  readonly unreadable: readonly string[]
  /** Permission bits of key and passphrase files that are there, octal. */
  readonly modes: Readonly<Record<string, string>>
  /** Their owners. */
  readonly owners: Readonly<Record<string, string>>
  /** TCP sockets that listen, as `address:port`; `*` for every address. */
  readonly listening: readonly string[]
  readonly bootId: string
  /** What systemd says of NTP: '' where it says nothing. */
  readonly ntp: string
}

/**
 * Room and rights of each directory, and what listens. One df for all, and no program for what the shell knows: every
 * host runs this while the chain stands still. A row that df leaves out is missing at the end: that counts as no room.
 */
export const roomFunction = `
room() (
  words=$#
  for dir in "$@"; do
    at=$dir
    while [ ! -d "$at" ]; do at=\${at%/*} at=\${at:-/}; done
    [ -w "$at" ] || echo "readonly $at"
    set -- "$@" "$at"
  done
  (shift "$words"; exec df -P -B 1 -- "$@") | {
    read -r titles
    while [ "$words" -gt 0 ]; do
      read -r device blocks used free rest || free=0
      echo "free $free $1"
      shift
      words=$((words - 1))
    done
  }
  awk '$4 == "0A" { print "listen " $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null || :
)`.trim()

/** One read-only look: prints `key value` lines. `user` is the service user, '' for root. */
export function surveyGround(spec: NodeSpec, user: string) {
  return reads(
    'look at room, rights and ports',
    script(
      `${roomFunction}
user=$1 pass=$2 signer=$3
shift 3
room "$@"
if [ -z "$user" ] || id -u "$user" >/dev/null 2>&1; then echo 'user there'; fi
for file in "$pass" "$signer"; do
  if [ -z "$file" ] || [ ! -e "$file" ]; then continue; fi
  echo "mode $(stat -c %a "$file") $file"
  echo "owner $(stat -c %U "$file") $file"
  if [ -n "$user" ] && id -u "$user" >/dev/null 2>&1; then
    runuser -u "$user" -- test -r "$file" || echo "unreadable $file"
  fi
done
echo "boot $(systemd-id128 boot-id)"
# Where the bus or timedated does not come up, timedatectl waits for half a minute.
if command -v timedatectl >/dev/null 2>&1; then echo "ntp $(timeout 3 timedatectl show -p NTPSynchronized --value 2>/dev/null)"; fi`,
      user,
      spec.passphraseFile ?? '',
      signerPath(spec),
      ...groundDirs(spec),
    ),
  )
}

/** The directories evha or the node writes to, each once. */
export const groundDirs = (spec: NodeSpec): readonly string[] => [
  ...new Set([spec.home, spec.raftDir, spec.paths.evha, spec.paths.units]),
]

export function readGround(text: string): Ground {
  const lines = text.split('\n').map((line) => line.split(' '))
  const all = (key: string) => lines.filter(([name]) => name === key).map(([, ...rest]) => rest)
  const one = (key: string) => all(key)[0]?.join(' ') ?? ''
  return {
    readOnly: [...new Set(all('readonly').map((words) => words.join(' ')))],
    free: Object.fromEntries(all('free').map(([bytes, ...dir]) => [dir.join(' '), Number(bytes)])),
    userThere: one('user') !== '',
    unreadable: all('unreadable').map((words) => words.join(' ')),
    modes: Object.fromEntries(all('mode').map(([mode = '', ...file]) => [file.join(' '), mode])),
    owners: Object.fromEntries(all('owner').map(([owner = '', ...file]) => [file.join(' '), owner])),
    listening: all('listen').flatMap(([hex = '']) => socketOf(hex) ?? []),
    bootId: one('boot'),
    ntp: one('ntp'),
  }
}

/** `0100007F:1CA3` of /proc/net/tcp (proc(5): address in host byte order, port in hex) as `127.0.0.1:7331`. */
function socketOf(hex: string): string | undefined {
  const [, address = '', port = ''] = /^((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})$/.exec(hex) ?? []
  if (address.length !== 8 && address.length !== 32) return undefined
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse())
  const number = Number.parseInt(port, 16)
  if (bytes.every((byte) => byte === '00')) return `*:${number}`
  const isMapped =
    bytes.length === 16 && bytes.slice(0, 12).join('') === '00000000000000000000ffff'.toUpperCase()
  if (bytes.length === 4 || isMapped)
    return `${bytes
      .slice(-4)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.')}:${number}`
  const groups = bytes.join('').match(/.{4}/g) ?? []
  return `${new URL(`http://[${groups.join(':')}]/`).hostname}:${number}`
}
