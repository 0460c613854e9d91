import { execQuote } from '../evnode/exec-start.ts'
import { type Answer, fails, ok } from './answer.ts'
import type { Host } from './host.ts'

/** `systemd-run`: a transient service from options and a command line. */
export async function systemdRun(host: Host, argv: readonly string[]): Promise<Answer> {
  const end = argv.findIndex((word) => !word.startsWith('-') || word === '--')
  const options = argv.slice(0, end === -1 ? argv.length : end)
  const command = argv.slice(end).filter((word, i) => !(i === 0 && word === '--'))
  if (end === -1 || command.length === 0) return fails(1, 'Command line to execute required.\n')
  const value = (name: string) =>
    options.find((option) => option.startsWith(`--${name}=`))?.slice(name.length + 3)
  const given = value('unit') ?? `run-${process.hrtime.bigint().toString(36)}`
  const name = given.endsWith('.service') ? given : `${given}.service`
  const properties = options.flatMap((option) => /^(?:--property=|-p)(.+)$/s.exec(option)?.[1] ?? [])
  const environment = options.flatMap((option) => /^--setenv=(.+)$/s.exec(option)?.[1] ?? [])
  const text = [
    '[Unit]',
    `Description=${command.join(' ')}`,
    'StartLimitIntervalSec=0',
    '[Service]',
    ...properties,
    ...environment.map((one) => `Environment=${execQuote(one)}`),
    `ExecStart=${command.map(execQuote).join(' ')}`,
    '',
  ].join('\n')
  const service = host.transient(name, text)
  if (service === undefined)
    return fails(1, `Failed to start transient service unit: Unit ${name} was already loaded.\n`)
  const answer = await service.start()
  if (answer !== 'started') return fails(1, `Job for ${name} failed.\n`)
  if (!options.includes('--wait')) return ok()
  while (service.mainPid !== 0) await new Promise((resolve) => setTimeout(resolve, 20))
  return service.execStatus === 0 ? ok() : fails(service.execStatus, '')
}
