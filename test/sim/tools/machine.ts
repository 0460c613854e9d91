import { systemctl, systemdRun } from '../systemctl.ts'
import type { Call, Tools } from './call.ts'

/** Each is asked for often, and only one of them is made. */
const dates: Record<string, (nowMs: number) => string> = {
  '+%s': (nowMs) => String(Math.floor(nowMs / 1000)),
  '+%s%3N': (nowMs) => String(Math.floor(nowMs)),
  '+%s%N': (nowMs) => `${Math.floor(nowMs)}000000`,
  '+%Y-%m-%dT%H:%M:%SZ': (nowMs) => `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
}

function date({ host, io }: Call, args: readonly string[]): number {
  const format = args.find((arg) => arg.startsWith('+')) ?? ''
  const made = dates[format]
  if (made === undefined) throw new Error(`nobody has modelled date ${args.join(' ')}`)
  io.out.write(`${made(host.now)}\n`)
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
