import { unitValue } from '../../src/evnode/unit.ts'
import type { SimHost } from './host.ts'
import type { Waits } from './shell/soon.ts'
import type { Service } from './systemd.ts'
import type { Call } from './tools/call.ts'

/** `systemctl`, as far as evha needs it; words and exit codes are systemd's. */
export function* systemctl(call: Call, argv: readonly string[]): Waits<number> {
  const { host, io } = call
  const { systemd } = host
  const options = argv.filter((word) => word.startsWith('-'))
  const [verb = '', name = ''] = argv.filter((word) => !word.startsWith('-'))
  // A daemon that is asked answers in some milliseconds.
  yield host.sim.random.between(1, 6) * host.slowness
  if (verb === 'daemon-reload') {
    systemd.reload()
    return 0
  }
  const service = systemd.service(name)
  if (verb === 'show') {
    io.out.write(shown(host, name, service, options))
    return 0
  }
  if (verb === 'is-active') {
    const state = service?.active ?? 'inactive'
    ;(state === 'active' ? io.out : io.err).write(`${state}\n`)
    return state === 'active' ? 0 : 3
  }
  if (service === null) {
    io.err.write(`Failed to ${verb} ${name}: Unit ${name} not found.\n`)
    return verb === 'start' ? 5 : 1
  }
  switch (verb) {
    case 'start': {
      while (service.active === 'deactivating') yield 20
      const why = systemd.start(service)
      if (why !== '') io.err.write(`${why}\n`)
      return why === '' ? 0 : 1
    }
    case 'restart': {
      systemd.stop(service)
      while (service.active === 'deactivating') yield 20
      const why = systemd.start(service)
      if (why !== '') io.err.write(`${why}\n`)
      return why === '' ? 0 : 1
    }
    case 'stop':
      systemd.stop(service)
      while (service.active === 'deactivating') yield 20
      return 0
    case 'kill':
      systemd.kill(service)
      return 0
    case 'reset-failed':
      systemd.resetFailed(service)
      return 0
    case 'enable':
      systemd.enable(name)
      systemd.reload()
      return 0
    case 'disable':
      systemd.disable(name)
      systemd.reload()
      return 0
    default:
      throw new Error(`nobody has modelled systemctl ${argv.join(' ')}`)
  }
}

const named = new Map<string, readonly string[]>()

/** The properties that an option names; a handful of options names them all. */
function propertiesIn(option: string): readonly string[] {
  const known = named.get(option)
  if (known !== undefined) return known
  const properties = /^(?:--property=|-p)(.+)$/.exec(option)?.[1]?.split(',') ?? []
  named.set(option, properties)
  return properties
}

function shown(host: SimHost, name: string, service: Service | null, options: readonly string[]): string {
  let text = ''
  for (const property of options.flatMap(propertiesIn)) {
    const value = service === null ? absent[property] : properties[property]?.(host, name, service)
    if (value !== undefined) text += `${property}=${value}\n`
  }
  return text
}

const absent: Record<string, string> = {
  LoadState: 'not-found',
  ActiveState: 'inactive',
  SubState: 'dead',
  Result: 'success',
  MainPID: '0',
  ExecMainStatus: '0',
  InvocationID: '',
  FragmentPath: '',
  DropInPaths: '',
  UnitFileState: '',
  NeedDaemonReload: 'no',
}

const sub: Record<string, string> = {
  active: 'running',
  inactive: 'dead',
  failed: 'failed',
  activating: 'auto-restart',
  deactivating: 'stop-sigterm',
}

const properties: Record<string, (host: SimHost, name: string, service: Service) => string> = {
  LoadState: () => 'loaded',
  ActiveState: (_host, _name, { active }) => active,
  SubState: (_host, _name, { active }) => sub[active] ?? active,
  Result: (_host, _name, { result }) => result,
  MainPID: (_host, _name, { process }) => String(process?.pid ?? 0),
  ExecMainStatus: (_host, _name, { status }) => String(status),
  InvocationID: (_host, _name, { invocation }) => invocation,
  FragmentPath: (_host, _name, { loaded }) => loaded?.fragment ?? '',
  DropInPaths: (_host, _name, { loaded }) => loaded?.dropIns.join(' ') ?? '',
  UnitFileState: ({ systemd }, name, { loaded }) =>
    loaded === null ? 'transient' : systemd.isEnabled(name) ? 'enabled' : 'disabled',
  NeedDaemonReload: ({ systemd }, _name, service) => (systemd.needsReload(service) ? 'yes' : 'no'),
  User: (_host, _name, { loaded }) =>
    loaded === null ? '' : (unitValue(loaded.unit, 'Service', 'User') ?? ''),
}

/** `systemd-run --unit=NAME … -- COMMAND`. */
export function systemdRun({ host, io }: Call, argv: readonly string[]): number {
  const dashes = argv.indexOf('--')
  const options = argv.slice(0, dashes === -1 ? argv.length : dashes)
  const command = dashes === -1 ? [] : argv.slice(dashes + 1)
  const name = options.find((option) => option.startsWith('--unit='))?.slice('--unit='.length)
  if (name === undefined || command.length === 0)
    throw new Error(`nobody has modelled systemd-run ${argv.join(' ')}`)
  const property = (key: string): string | undefined =>
    options.find((option) => option.startsWith(`--property=${key}=`))?.slice(`--property=${key}=`.length)
  const max = property('RuntimeMaxSec')
  const why = host.systemd.transient(
    name,
    command,
    property('PrivateNetwork') === 'yes',
    max === undefined ? null : Number(max) * 1_000,
  )
  if (why !== '') io.err.write(`${why}\n`)
  return why === '' ? 0 : 1
}
