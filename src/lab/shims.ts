import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { quote } from '../remote/render.ts'
import { hostEnvironment, hostFiles, type LabHost } from './layout.ts'
import { applicationOf, type LabPlan } from './plan.ts'
import { shimBody } from './shim-calls.ts'

/** Answered by the lab's process. */
const asked = ['systemctl', 'systemd-run', 'journalctl', 'systemd-id128'] as const
/** Would touch the machine the lab runs on, or tell of it: on a lab's host they do nothing. */
const harmless = ['useradd', 'ip'] as const

/** The commands of a host that must not be this machine's, first on its PATH. */
export function writeShims(
  { name, dir }: LabHost,
  socket: string,
  plan: Pick<LabPlan, 'built' | 'evm' | 'nodeBinary' | 'clientBinary'>,
): void {
  const { bin } = hostFiles(dir)
  const { built, nodeBinary, clientBinary } = plan
  const app = applicationOf(plan).name
  mkdirSync(bin, { recursive: true })
  const write = (file: string, body: string) => {
    const path = join(bin, file)
    writeFileSync(path, `#!/bin/sh\n${body}\n`)
    chmodSync(path, 0o755)
  }
  const node = quote(process.execPath)
  for (const command of asked) write(command, shimBody(command))
  for (const command of harmless) write(command, 'exit 0')
  // All hosts of a lab have this machine's one clock.
  write('timedatectl', 'echo yes')
  write('sudo', 'while [ "$1" = -n ] || [ "$1" = -- ]; do shift; done\nexec "$@"')
  write('runuser', 'if [ "$1" = -u ]; then shift 2; fi\nif [ "$1" = -- ]; then shift; fi\nexec "$@"')
  // Byte for byte the same on every host: it is the node's binary there, and binaries are compared.
  const program = join(built, 'lab', 'standin', app === 'evm' ? 'evm.js' : 'main.js')
  write(
    app,
    nodeBinary === undefined
      ? `exec ${node} ${quote(program)} "$@"`
      : `${networkOfItsOwn(nodeBinary)}\nexec ${quote(nodeBinary)} "$@"`,
  )
  const client =
    clientBinary === undefined
      ? `${node} ${quote(join(built, 'lab', 'execution', 'main.js'))}`
      : quote(clientBinary)
  if (app === 'evm') write('ev-reth', `exec ${client} "$@"`)
  const env = Object.entries(hostEnvironment(name, dir, socket)).map(
    ([key, value]) => `export ${key}=${quote(value)}`,
  )
  writeFileSync(join(bin, 'host-env'), `${env.join('\n')}\n`)
}

/**
 * All hosts of the lab share one network. A stand-in keeps to itself where systemd would keep it; a real node is put
 * into a network namespace, or it is not started: two of them on scratch homes would make block 1 anew.
 */
function networkOfItsOwn(nodeBinary: string): string {
  const inside = `PATH=/usr/sbin:/sbin:$PATH ip link set lo up && exec ${quote(nodeBinary)} "$@"`
  return `if [ "\${EVHA_STANDIN_PRIVATE_NETWORK:-}" = 1 ]; then
  if [ "$(id -u)" = 0 ]; then own=; else own=--map-root-user; fi
  exec unshare $own --net -- sh -c ${quote(inside)} sh "$@"
fi`
}
