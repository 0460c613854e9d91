import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { quote } from '../remote/render.ts'
import { type InitWishes, initRunbook } from '../run/init.ts'
import type { ChooseUnit } from '../run/init-source.ts'
import { widthOf } from '../ui/columns.ts'
import { initText } from '../ui/init-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { type TerminalSettings, whyNotAsked } from '../ui/terminal-approver.ts'
import { askPlainly } from '../ui/terminal-line.ts'
import { terminalPassphrase } from '../ui/terminal-passphrase.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import { talk } from './output.ts'
import type { Act, Result } from './result.ts'
import type { Shared } from './shared-options.ts'

interface Options {
  readonly source?: string
  readonly peer?: readonly string[]
  readonly out?: string
  readonly unit?: string
  readonly db?: string
  readonly raftPort?: number
  readonly identity?: string
  readonly knownHosts?: string
}

/** `evha init` */
export function addInit(program: Command, act: Act): void {
  const collect = (value: string, before: readonly string[] = []) => [...before, value]
  explain(
    program.command('init'),
    'look at the live sequencer and its peers, and write a commented runbook',
    [
      ['evha init', 'asks on a terminal'],
      ['evha init --source root@a --peer root@b --peer root@c --out my-chain.yaml', 'asks nothing'],
    ],
  )
    .option(
      '--source <ssh>',
      'where the live sequencer runs: [user@]host[:port]; =ADDRESS behind it names another address',
    )
    .option('--peer <ssh>', 'a host for a new node, the same way; once for each: 2, 4 or 6', collect)
    .option('--out <file>', 'the runbook to write; a file that is there is never overwritten')
    .option('--unit <name>', 'the unit of the sequencer, where several start a node')
    .option('--db <name>', 'the database directory that holds the store, where it can not be told')
    .addOption(new Option('--raft-port <port>', 'the port for Raft (5001)').argParser(port))
    .option('--identity <file>', 'the key file to log in with; else as ssh does')
    .option('--known-hosts <file>', 'the known_hosts file; else as ssh does')
    .action((options: Options) => act((shared) => init(options, shared)))
}

function port(text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= 65_535) return number
  throw new InvalidArgumentError('It must be a port number from 1 to 65535.')
}

async function init(options: Options, shared: Shared): Promise<Result> {
  const { stdin, stderr, stdout, env } = process
  const terminal = { ...shared, stdin, stderr, env, closing: new AbortController().signal }
  if (options.out !== undefined) refuseExisting(options.out)
  const wishes = await wishesOf(options, terminal)
  const file = options.out ?? (await askOut(terminal))
  const path = refuseExisting(file)
  const result = await initRunbook(wishes, chooseOn(terminal), terminalPassphrase(terminal))
  write(path, result.text)
  return {
    exitCode: 0,
    json: jsonOf('init', {
      file: path,
      chain: result.chain,
      found: result.found,
      assumed: result.assumed,
      warnings: result.warnings,
    }),
    text: initText(result, widthOf(stdout), paletteOf(wantsColour(stdout, env, shared.color))),
    last: [
      `written: ${path}; nothing was changed on any host`,
      'read it, then go on with:',
      `  evha check ${quote(path)}`,
    ],
  }
}

/** What the command line says, and on a terminal what is asked for. */
async function wishesOf(options: Options, terminal: TerminalSettings): Promise<InitWishes> {
  const source = options.source ?? (await asked(terminal, '--source', 'the sequencer, [user@]host[:port]'))
  const peers = options.peer ?? (await askPeers(terminal))
  return {
    source,
    peers,
    ...(options.unit === undefined ? {} : { unit: options.unit }),
    ...(options.db === undefined ? {} : { db: options.db }),
    ...(options.raftPort === undefined ? {} : { raftPort: options.raftPort }),
    ...(options.identity === undefined ? {} : { identityFile: resolve(options.identity) }),
    ...(options.knownHosts === undefined ? {} : { knownHostsFile: resolve(options.knownHosts) }),
  }
}

async function asked(terminal: TerminalSettings, flag: string, question: string): Promise<string> {
  const refusal = whyNotAsked(terminal)
  if (refusal !== null)
    throw usage(
      `${flag} is not given, and ${refusal}`,
      'evha init --source SSH --peer SSH --peer SSH --out FILE',
    )
  const answer = await askPlainly(terminal, question)
  if (answer !== null && answer !== '') return answer
  throw new EvhaError({
    kind: 'interrupted',
    message: 'nothing was written',
    changedAnything: 'no',
    retryable: true,
    hint: 'evha init begins anew',
  })
}

const peersMax = 6

async function askPeers(terminal: TerminalSettings): Promise<string[]> {
  const peers = [await asked(terminal, '--peer', 'a host for a new node')]
  while (peers.length < peersMax) {
    const isWhole = peers.length % 2 === 0
    const left = isWhole
      ? `enter: these ${peers.length}, a cluster of ${peers.length + 1}`
      : 'one more at least'
    const answer = await askPlainly(terminal, `another one (${left})`)
    if (answer === null) return [await asked({ ...terminal, input: false }, '--peer', '')]
    if (answer === '' && isWhole) return peers
    if (answer !== '') peers.push(answer)
  }
  return peers
}

async function askOut(terminal: TerminalSettings): Promise<string> {
  for (;;) {
    const answer = await asked(terminal, '--out', 'the runbook to write, a file name')
    if (!existsSync(answer)) return answer
    talk([`  ${answer} is there already; it is not overwritten`])
  }
}

/** On a terminal the operator says which unit it is; elsewhere nobody can. */
function chooseOn(terminal: TerminalSettings): ChooseUnit {
  return async (units) => {
    if (whyNotAsked(terminal) !== null) return null
    talk(['several units start a node:', ...units.map(({ name, active }) => `  ${name}  ${active}`)])
    const answer = await askPlainly(terminal, 'which one is the sequencer')
    return answer === '' ? null : answer
  }
}

function refuseExisting(file: string): string {
  const path = resolve(file)
  if (!existsSync(path)) return path
  throw usage(
    `${path} is there already; init overwrites nothing`,
    'give another --out, or move the file away',
  )
}

function write(path: string, text: string): void {
  try {
    // It names hosts, users and paths: for the operator alone. `wx`: also a file that came meanwhile stays.
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    const code = String((cause as NodeJS.ErrnoException).code ?? cause)
    if (code === 'EEXIST') refuseExisting(path)
    throw usage(`${path} can not be written: ${code}`, 'give a path in a directory that is there')
  }
}

const usage = (message: string, hint: string) =>
  new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
