import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Hosts, hostsDir } from './hosts.ts'

/** What changes on any running host, or by the chain itself. */
const lively =
  /^\/(var\/(log|tmp|cache)|var\/lib\/(systemd|private|dbus)|tmp|run|proc|sys|dev)(\/|$)|^\/var\/lib\/(ev-node|sequencer|chain)\/(data|raft)(\/|$)|^\/etc\/(machine-id|resolv\.conf|\.updated)$|^\/var\/\.updated$|^\/root\/\.cache/

/**
 * Every file that a host changed since it was made, by `HOST PATH`: kind, mode, owner and content. The hosts lie over
 * this machine's own files, so whatever one of them writes, makes or removes stands in its upper layer.
 */
export function filesOf(hosts: Hosts): Map<string, string> {
  const found = new Map<string, string>()
  for (const host of hosts.names) walk(join(hostsDir, 'm', host, 'upper'), '', host, found)
  return found
}

/** Every file by its content; a directory only shows that something in it was looked at or changed back. */
export const contentsOf = (hosts: Hosts) =>
  Object.fromEntries([...filesOf(hosts)].filter(([, kind]) => !kind.startsWith('40')))

/** What became of each file, `evha`'s own directory counted as one. A directory counts where it is new or gone. */
export function changesOf(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Record<string, 'new' | 'gone' | 'changed'> {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort()
  const changed = paths
    .filter((path) => before.get(path) !== after.get(path))
    .filter((path) => !path.includes(' /var/lib/evha/'))
  return Object.fromEntries(
    changed.map((path) => [path, before.has(path) ? (after.has(path) ? 'changed' : 'gone') : 'new']),
  )
}

function walk(upper: string, at: string, host: string, found: Map<string, string>): void {
  for (const name of readdirSync(join(upper, at))) {
    const path = `${at}/${name}`
    if (lively.test(path)) continue
    const file = join(upper, path)
    const { mode, uid, gid, rdev } = lstatSync(file)
    const kind = lstatSync(file)
    const content = kind.isFile()
      ? createHash('sha256').update(readFileSync(file)).digest('hex')
      : kind.isSymbolicLink()
        ? readlinkSync(file)
        : ''
    found.set(`${host} ${path}`, `${mode.toString(8)} ${uid}:${gid} ${rdev} ${content}`)
    if (kind.isDirectory()) walk(upper, path, host, found)
  }
}
