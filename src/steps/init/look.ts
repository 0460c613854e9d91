import { reads, script } from '../../base/command.ts'
import { homeFiles } from '../../evnode/home.ts'
import { databaseMark } from '../../evnode/store.ts'
import { isNodeStart } from '../../evnode/unit.ts'
import { labelledLines } from '../host/labelled-lines.ts'
import type { HostProcess } from '../prepare/starters.ts'

/** What any host says of itself before anything is known of it. */
export interface HostLook {
  readonly hostname: string
  readonly bootId: string
  /**
   * What stands before /etc/systemd/system where its units are laid: '' on a real host, the host's directory in a lab.
   * Everything of the host stands below it.
   */
  readonly root: string
  /** Addresses of its interfaces, as `hostname -I` prints them. */
  readonly addresses: readonly string[]
}

/** A service that systemd has loaded. */
export interface LoadedUnit {
  readonly name: string
  readonly active: string
  readonly mainPid: number
  readonly fragmentPath: string
  readonly dropIns: readonly string[]
  readonly user: string
  /** The words it runs; only for telling what it is, as their quotes are gone. */
  readonly argv: readonly string[]
}

const unitDir = '/etc/systemd/system'

/** Prints `key value` lines. */
export const lookAtHost = () =>
  reads(
    'see what host it is',
    script(`echo "hostname $(uname -n)"
echo "boot $(systemd-id128 boot-id)"
echo "unitpath $(systemctl show --property=UnitPath --value)"
echo "addresses $(hostname -I 2>/dev/null || true)"`),
  )

export function readHost(text: string): HostLook {
  const value = labelledLines(text)
  const units = value('unitpath')
    .split(' ')
    .find((dir) => dir.endsWith(unitDir))
  return {
    hostname: value('hostname'),
    bootId: value('boot'),
    root: units?.slice(0, -unitDir.length) ?? '',
    addresses: value('addresses').split(' ').filter(Boolean),
  }
}

/** All services that are loaded; their command lines may hold secrets. */
export const lookForUnits = () =>
  reads(
    'list the services',
    [
      'systemctl',
      'show',
      '--property=Id,LoadState,ActiveState,MainPID,FragmentPath,DropInPaths,User,ExecStart',
      '*.service',
    ],
    { sensitive: true },
  )

/** Those among them that start a node, the running ones first. */
export function nodeUnits(shown: string): readonly LoadedUnit[] {
  return shown
    .split('\n\n')
    .map(unitOf)
    .filter(({ argv }) => isNodeStart(argv))
    .sort((one, other) => Number(other.active === 'active') - Number(one.active === 'active'))
}

function unitOf(shown: string): LoadedUnit {
  const value = (key: string) =>
    shown
      .split('\n')
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1) ?? ''
  return {
    name: value('Id'),
    active: value('ActiveState'),
    mainPid: Number(value('MainPID')) || 0,
    fragmentPath: value('FragmentPath'),
    dropIns: value('DropInPaths').split(' ').filter(Boolean),
    user: value('User'),
    argv: (/argv\[\]=(.*?) ;/.exec(value('ExecStart'))?.[1] ?? '').split(/\s+/).filter(Boolean),
  }
}

/** Processes with a word by which a node may be started; their command lines may hold secrets. */
export const lookForProcesses = () =>
  reads(
    'look for a node that runs without a unit',
    script(`set +e # A process that ended meanwhile is nothing found.
tab=$(printf '\\t')
grep -lzxE 'start|run|node' /proc/[0-9]*/cmdline 2>/dev/null | while read -r cmdline; do
  dir=\${cmdline%/cmdline}
  printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "\${dir#/proc/}" "$(sed -n 's/^PPid:[^0-9]*//p' "$dir/status")" "$(stat -c %U "$dir")" \\
    "$(tr '\\n' ' ' < "$dir/cgroup")" "$(readlink "$dir/exe")" "$(readlink "$dir/cwd")" "$(tr '\\n\\t' '  ' < "$cmdline" | tr '\\0' '\\t')"
done 2>/dev/null
true`),
    { sensitive: true },
  )

export function nodeProcessesIn(text: string): readonly HostProcess[] {
  const found = text
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([pid = '', parent = '', user = '', cgroup = '', program = '', workingDirectory = '', ...argv]) => ({
      pid: Number(pid),
      parentPid: Number(parent),
      user,
      cgroup,
      program,
      workingDirectory,
      variables: [],
      argv: argv.at(-1) === '' ? argv.slice(0, -1) : argv,
    }))
    .filter(({ argv }) => isNodeStart(argv))
  // `sudo` and its like wait for the node, with its command line in their own.
  return found.filter(({ pid }) => !found.some(({ parentPid }) => parentPid === pid))
}

/** Size and databases of a node's data; binary and passphrase of the same look. Prints `key value` lines. */
export const lookAtNode = (node: {
  readonly home: string
  readonly binary: string
  readonly passphraseFile: string
}) =>
  reads(
    'look at data, binary and passphrase file',
    script(
      `data=$1 binary=$2 pass=$3 mark=$4
if [ -d "$data" ]; then
  echo "bytes $(du -s --block-size=1 "$data" 2>/dev/null | cut -f 1)"
  for dir in "$data"/*/; do if [ -e "$dir$mark" ]; then dir=\${dir%/}; echo "database \${dir##*/}"; fi; done
fi
if [ -x "$binary" ]; then echo "binary $(sha256sum < "$binary" | cut -d ' ' -f 1)"; fi
if [ -n "$pass" ] && [ -s "$pass" ]; then echo 'passphrase there'; fi`,
      homeFiles(node.home).data,
      node.binary,
      node.passphraseFile,
      databaseMark,
    ),
    { timeoutMs: 60_000 },
  )

export interface NodeLook {
  readonly dataBytes: number
  readonly databases: readonly string[]
  /** sha256; '' where there is none. */
  readonly binarySha256: string
  readonly passphraseThere: boolean
}

export function readNode(text: string): NodeLook {
  const lines = text.split('\n').map((line) => line.split(' '))
  const all = (key: string) => lines.filter(([name]) => name === key).map(([, ...rest]) => rest.join(' '))
  return {
    dataBytes: Number(all('bytes')[0]) || 0,
    databases: all('database'),
    binarySha256: all('binary')[0] ?? '',
    passphraseThere: all('passphrase').length > 0,
  }
}

/** A path of the source where it would stand on another host: the same, below the other one's root. */
export function pathOn(path: string, from: HostLook, to: HostLook): string {
  const isBelow = from.root !== '' && path.startsWith(`${from.root}/`)
  return isBelow ? `${to.root}${path.slice(from.root.length)}` : path
}
