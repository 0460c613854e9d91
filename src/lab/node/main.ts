// The lab's stand-in for the node: its command line, files, RPC and log lines, and the ways in which it goes wrong.
import { type CommandLine, readCommandLine } from './command-line.ts'
import { lastWords, NodeExit } from './exit-with.ts'
import { init } from './init.ts'
import { logger } from './logger.ts'
import { runMember } from './member.ts'
import { readSettings } from './settings.ts'
import { type Running, runSingle } from './single.ts'
import { Store } from './store.ts'

/** The node gives itself so long to stop (evnode.md B 7.1). */
const shutdownMs = 10_000

async function start(line: CommandLine): Promise<void> {
  const settings = readSettings(line)
  const { config } = settings
  const log = logger(config.logFormat)
  log.log('info', 'this is the stand-in node of the evha lab, not the real node')
  const store = new Store(settings.storeDir)
  let running: Running | undefined
  const end = (exit: NodeExit) => {
    log.log('error', 'node error', { error: exit.message })
    process.stderr.write(lastWords(exit, line.verb))
    process.exit(1)
  }
  const stop = async () => {
    log.log('info', 'shutting down node...')
    log.log('info', 'leadership resigned before shutdown')
    setTimeout(() => process.exit(1), shutdownMs).unref()
    const code = (await running?.stop()) ?? 0
    log.log('info', 'halting full node and its sub services...')
    store.close()
    log.log('info', 'full node halted successfully')
    if (code !== 0) process.stderr.write('leader lock lost\n')
    process.exit(code)
  }
  process.once('SIGTERM', () => void stop())
  process.once('SIGINT', () => void stop())
  running = config.raft.enable
    ? await runMember(settings, store, log, end)
    : await runSingle(settings, store, log)
}

/** The offline height trick's command: the highest number changes nothing and is answered with the height. */
function rollback({ own }: CommandLine): never {
  const home = own['home'] ?? ''
  const store = new Store(`${home}/data/testapp`)
  const { height } = store
  const target = own['height'] ?? '0'
  store.close()
  throw new NodeExit(
    `failed to rollback ev-node state: current height ${height} is already less than or equal to rollback height ${target}`,
  )
}

async function main(): Promise<void> {
  let verb = ''
  try {
    const line = readCommandLine(process.argv.slice(2))
    verb = line.verb
    if (verb === 'version') process.stdout.write('evha stand-in node, not the real node\n')
    else if (verb === 'init') init(line)
    else if (verb === 'rollback') rollback(line)
    else if (['start', 'run', 'node'].includes(verb)) await start(line)
    else throw new NodeExit(`unknown command "${verb}" for "testapp"`)
  } catch (error) {
    if (!(error instanceof NodeExit)) throw error
    process.stderr.write(lastWords(error, verb))
    process.exit(1)
  }
}

await main()
