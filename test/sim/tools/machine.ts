import { systemctl, systemdRun } from '../systemctl.ts'
import type { Call, Tools } from './call.ts'

function date(call: Call, args: readonly string[]): number {
  const { host } = call
  const [format = ''] = args.filter((arg) => arg.startsWith('+'))
  const ns = `${Math.floor(host.now)}000000`
  const known: Record<string, string> = {
    '+%s': String(Math.floor(host.now / 1000)),
    '+%s%3N': String(Math.floor(host.now)),
    '+%s%N': ns,
    '+%Y-%m-%dT%H:%M:%SZ': `${new Date(host.now).toISOString().slice(0, 19)}Z`,
  }
  const text = known[format]
  if (text === undefined) throw new Error(`nobody has modelled date ${args.join(' ')}`)
  call.io.out.write(`${text}\n`)
  return 0
}

function journalctl(call: Call, args: readonly string[]): number {
  const { host, io } = call
  const at = args.indexOf('-n')
  const max = at === -1 ? 10_000 : Number(args[at + 1])
  const invocation = args
    .find((arg) => arg.startsWith('_SYSTEMD_INVOCATION_ID='))
    ?.slice('_SYSTEMD_INVOCATION_ID='.length)
  const lines = invocation === undefined ? host.allLogs() : host.logOf(invocation)
  const last = lines.slice(-max)
  if (last.length > 0) io.out.write(`${last.join('\n')}\n`)
  return 0
}

function ping(call: Call, args: readonly string[]): number {
  const { host } = call
  const to = [...host.sim.hosts].find((one) => one.spec.address === args.at(-1))
  if (to === undefined || !host.reaches(to)) return 1
  call.io.out.write('3 packets transmitted, 3 received\nrtt min/avg/max/mdev = 0.3/0.5/0.9/0.1 ms\n')
  return 0
}

/** What asks the machine: its clock, its units, its log, its network. */
export const machineTools: Tools = {
  date,
  systemctl,
  'systemd-run': systemdRun,
  'systemd-id128': (call) => {
    call.io.out.write(`${call.host.bootId}\n`)
    return 0
  },
  journalctl,
  ping,
}
