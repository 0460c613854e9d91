import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Unit, unitList, unitValue } from '../evnode/unit.ts'
import { type Answer, fails, ok } from './answer.ts'
import type { Host } from './host.ts'
import type { Service, StartAnswer } from './service.ts'

const signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP', 'SIGSTOP', 'SIGCONT']

/** `systemctl`, as far as evha and an operator's hands need it; words and exit codes are systemd's. */
export async function systemctl(host: Host, argv: readonly string[]): Promise<Answer> {
  const options = argv.filter((word) => word.startsWith('-'))
  const [verb = '', ...rest] = argv.filter((word) => !word.startsWith('-'))
  if (verb === 'daemon-reload') {
    host.reload()
    return ok()
  }
  const [given] = rest
  if (verb === 'show' && given === undefined) return ok(showManager(host, options))
  if (verb === 'show' && given === '*.service') return ok(showAll(host, options))
  if (given === undefined) return fails(1, 'Too few arguments.\n')
  const answers: Answer[] = []
  for (const one of rest) answers.push(await ofUnit(host, verb, one, options))
  return inOne(verb, answers)
}

async function ofUnit(host: Host, verb: string, given: string, options: readonly string[]): Promise<Answer> {
  const name = given.includes('.') ? given : `${given}.service`
  const service = host.service(name)
  if (verb === 'show') return ok(show(host, name, service, options))
  if (verb === 'is-active') return isActive(service)
  if (service === undefined)
    return fails(verb === 'start' ? 5 : 1, `Failed to ${verb} ${name}: Unit ${name} not found.\n`)
  return act(host, verb, service, options)
}

/** Of several units: what is asked is good when it is so of one of them, what is done when it was done to all. */
function inOne(verb: string, answers: readonly Answer[]): Answer {
  const bad = answers.filter(({ exit }) => exit !== 0)
  const isGood = bad.length === 0 || (verb.startsWith('is-') && bad.length < answers.length)
  return {
    stdout: answers.map(({ stdout }) => stdout).join(verb === 'show' ? '\n' : ''),
    stderr: answers.map(({ stderr }) => stderr).join(''),
    exit: isGood ? 0 : (bad[0]?.exit ?? 0),
  }
}

async function act(host: Host, verb: string, service: Service, options: readonly string[]): Promise<Answer> {
  const { name } = service
  switch (verb) {
    case 'start':
      return started(name, await service.start())
    case 'restart':
      await service.stop()
      return started(name, await service.start())
    case 'stop':
      await service.stop()
      return ok()
    case 'kill': {
      const wanted = options
        .map((option) => /^(?:--signal=|-s)(\w+)$/.exec(option)?.[1])
        .find((one) => one !== undefined)
      service.kill(signals.find((signal) => signal === wanted || signal === `SIG${wanted}`) ?? 'SIGTERM')
      return ok()
    }
    case 'reset-failed':
      service.resetFailed()
      return ok()
    case 'enable': {
      const link = host.wantsLink(name)
      mkdirSync(dirname(link), { recursive: true })
      rmSync(link, { force: true })
      symlinkSync(service.loaded.fragmentPath, link)
      return ok()
    }
    case 'disable':
      rmSync(host.wantsLink(name), { force: true })
      return ok()
    case 'is-enabled':
      return host.isEnabled(name) ? ok('enabled\n') : fails(1, '', 'disabled\n')
    case 'cat':
      return ok(
        [
          `# ${service.loaded.fragmentPath}`,
          service.loaded.unit.text,
          ...service.loaded.unit.dropIns.flatMap((one) => [`# ${one.name}`, one.text]),
        ].join('\n'),
      )
    default:
      return fails(1, `Unknown command verb ${verb}.\n`)
  }
}

function started(name: string, answer: StartAnswer): Answer {
  switch (answer) {
    case 'assertionFailed':
      return fails(1, `Assertion failed on job for ${name}.\n`)
    case 'limited':
      return fails(
        1,
        `Job for ${name} failed.\nSee "systemctl status ${name}" and "journalctl -xeu ${name}" for details.\n`,
      )
    case 'failed':
      return fails(1, `Job for ${name} failed because the control process exited with error code.\n`)
    default:
      return ok()
  }
}

function isActive(service: Service | undefined): Answer {
  const state = service?.active ?? 'inactive'
  return state === 'active' ? ok('active\n') : fails(3, '', `${state}\n`)
}

/** The manager itself: where it looks for units. */
function showManager(host: Host, options: readonly string[]): string {
  const unitPath = `/run/systemd/system ${host.files.units}`
  return options.includes('--value') ? `${unitPath}\n` : `UnitPath=${unitPath}\n`
}

/** Every unit that is loaded, with an empty line between. */
function showAll(host: Host, options: readonly string[]): string {
  return host
    .serviceNames()
    .map((name) => show(host, name, host.service(name), options))
    .join('\n')
}

function show(host: Host, name: string, service: Service | undefined, options: readonly string[]): string {
  const wanted = options.flatMap((option) => /^(?:--property=|-p)(.+)$/.exec(option)?.[1]?.split(',') ?? [])
  const all = service === undefined ? absent(name) : properties(host, service)
  const names = wanted.length === 0 ? Object.keys(all) : wanted
  return names
    .flatMap((property) => (all[property] === undefined ? [] : [`${property}=${all[property]}\n`]))
    .join('')
}

const absent = (name: string): Record<string, string> => ({
  Id: name,
  LoadState: 'not-found',
  ActiveState: 'inactive',
  SubState: 'dead',
  Result: 'success',
  MainPID: '0',
  NRestarts: '0',
  ExecMainCode: '0',
  ExecMainStatus: '0',
  InvocationID: '',
  FragmentPath: '',
  DropInPaths: '',
  UnitFileState: '',
  NeedDaemonReload: 'no',
})

function properties(host: Host, service: Service): Record<string, string> {
  const { loaded } = service
  return {
    Id: service.name,
    LoadState: 'loaded',
    ActiveState: service.active,
    SubState: service.sub,
    Result: service.result,
    MainPID: String(service.mainPid),
    NRestarts: String(service.restarts),
    ExecMainCode: String(service.execCode),
    ExecMainStatus: String(service.execStatus),
    ExecMainStartTimestamp: service.startedAt,
    ExecMainExitTimestamp: service.exitedAt,
    InvocationID: service.invocation,
    FragmentPath: loaded.fragmentPath,
    DropInPaths: loaded.dropInPaths.join(' '),
    UnitFileState:
      loaded.fragmentPath === '' ? 'transient' : host.isEnabled(service.name) ? 'enabled' : 'disabled',
    NeedDaemonReload: host.needsReload(service) ? 'yes' : 'no',
    AssertResult: service.assertResult,
    User: unitValue(loaded.unit, 'Service', 'User') ?? '',
    ExecStart: execStarts(loaded.unit),
    Restart: unitValue(loaded.unit, 'Service', 'Restart') ?? 'no',
  }
}

/** As systemd prints it: the words of each line joined by blanks, without their quotes. */
function execStarts(unit: Unit): string {
  return unitList(unit, 'Service', 'ExecStart')
    .map((line) => `{ path=${line.split(' ')[0]} ; argv[]=${line} ; ignore_errors=no }`)
    .join(' ; ')
}
