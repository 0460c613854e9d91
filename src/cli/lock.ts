import type { Command } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { quote } from '../remote/render.ts'
import { type LockReport, lockOf, releaseLock } from '../run/lock-of.ts'
import { lockNext, lockText } from '../ui/lock-text.ts'
import { askLine, discardTypeAhead } from '../ui/prompt.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { whyNotAsked } from '../ui/terminal-approver.ts'
import { terminalPassphrase } from '../ui/terminal-passphrase.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import { talk } from './output.ts'
import type { Act, Result } from './result.ts'
import type { Shared } from './shared-options.ts'

const runbookArgument = 'the runbook of the chain (default: that of the newest run here)'

/** `evha lock [RUNBOOK]` and `evha lock release [RUNBOOK]` */
export function addLock(program: Command, act: Act): void {
  const lock = explain(program.command('lock'), 'who holds a run, from which workstation, since when', [
    ['evha lock runbook.yaml', 'asked of the hosts, so from any workstation'],
    ['evha lock release runbook.yaml', 'take it from a process that nobody can reach'],
  ])
  lock
    .argument('[runbook]', runbookArgument)
    .action((runbook: string | undefined) =>
      act(async (shared) =>
        shown(await lockOf(shared.stateDir, runbook, passphraseOf(shared)), runbook, shared),
      ),
    )
  explain(lock.command('release'), 'take the lease from its holder: his next command is refused', [
    ['evha lock release runbook.yaml', 'asks for the name of the holder'],
    ['evha lock release runbook.yaml --holder ann@laptop', 'the same where nobody can be asked'],
  ])
    .argument('[runbook]', runbookArgument)
    .option('--holder <name>', 'who holds it now, as `evha lock` shows it')
    .action((runbook: string | undefined, { holder }: { holder?: string }) =>
      act(async (shared) => {
        const name = (report: LockReport) =>
          holder === undefined ? typedHolder(report, runbook, shared) : Promise.resolve(holder)
        return shown(await releaseLock(shared.stateDir, runbook, name, passphraseOf(shared)), runbook, shared)
      }),
    )
}

const terminal = (shared: Shared) => ({
  ...shared,
  stdin: process.stdin,
  stderr: process.stderr,
  env: process.env,
  closing: new AbortController().signal,
})

const passphraseOf = (shared: Shared) => terminalPassphrase(terminal(shared))

function shown(report: LockReport, runbook: string | undefined, shared: Shared): Result {
  const palette = paletteOf(wantsColour(process.stdout, process.env, shared.color))
  const last = lockNext(report, runbook === undefined ? 'RUNBOOK' : quote(runbook))
  return { exitCode: 0, json: jsonOf('lock', report), text: lockText(report, palette), last }
}

/** The holder's name as the operator types it: what is about to be refused is not to be guessed. */
async function typedHolder(report: LockReport, runbook: string | undefined, shared: Shared): Promise<string> {
  const { stdin, stderr } = process
  const why = whyNotAsked(terminal(shared))
  if (why !== null) throw notNamed(`the holder was not named: ${why}`, report, runbook)
  talk(lockText(report).trimEnd().split('\n'))
  talk(['  his next command is refused, also when his workstation only sleeps'])
  try {
    if (!(await discardTypeAhead(stdin))) throw notNamed('nothing was released', report, runbook)
    const line = await askLine({
      message: () => 'holder',
      stdin,
      output: stderr,
      colour: wantsColour(stderr, process.env, shared.color),
      signal: new AbortController().signal,
    })
    if (line.kind !== 'typed') throw notNamed('nothing was released', report, runbook)
    return line.text.trim()
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
  }
}

function notNamed(message: string, { by }: LockReport, runbook: string | undefined): EvhaError {
  return new EvhaError({
    kind: 'waiting',
    message,
    changedAnything: 'no',
    retryable: true,
    hint: `evha lock release${runbook === undefined ? '' : ` ${quote(runbook)}`} --holder ${quote(by ?? 'NAME')}`,
  })
}
