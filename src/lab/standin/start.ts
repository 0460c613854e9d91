import { setTimeout as sleep } from 'node:timers/promises'
import { namespaceHexOf } from '../../evnode/da-namespace.ts'
import { openNode } from './chain/node.ts'
import { runCluster } from './cluster.ts'
import type { StandinEnvironment } from './environment.ts'
import { NodeFailure } from './failure.ts'
import type { Flags } from './flags.ts'
import { runFullNode } from './full-node.ts'
import { Logger } from './logger.ts'
import { loadSettings } from './settings.ts'
import { runSingle } from './single.ts'

/** Nothing may keep a stopping process longer (evnode.md B 7.1). */
const shutdownMs = 10_000
/** What it takes to end its services one after the other: 0.1 to 1.8 s were seen (evnode.md A2). */
const endingMs = 250

/** `start`: runs until SIGTERM or SIGINT. Throws NodeFailure in the real node's words. */
export async function start(flags: Flags, environment: StandinEnvironment): Promise<void> {
  const settings = loadSettings(flags, environment)
  const { config } = settings
  const write = (line: string) => process.stderr.write(line)
  const log = new Logger({ format: config.logFormat, level: settings.logLevel, write })
  log.warn('this is a stand-in for ev-node, made for the lab of evha: not the real node')
  const headerNamespace = `0x${namespaceHexOf(config.daNamespace)}`
  const dataNamespace = `0x${namespaceHexOf(config.daDataNamespace || config.daNamespace)}`
  log.info('namespaces', { headerNamespace, dataNamespace })
  const node = openNode(flags, settings, environment, log)
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) return
    log.info('shutting down node...')
    stop.abort()
    setTimeout(() => {
      log.error('shutdown timeout exceeded')
      process.exit(1)
    }, shutdownMs).unref()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  try {
    const run = config.raft.enable ? runCluster : config.aggregator ? runSingle : runFullNode
    await run(node, stop.signal)
  } catch (thrown) {
    if (!stop.signal.aborted || !(thrown instanceof NodeFailure)) {
      log.error('node error', { error: thrown instanceof Error ? thrown.message : String(thrown) })
      // A node that dies of itself closes its databases too; only a kill does not.
      node.store.close()
      throw thrown
    }
    await halted(node)
    log.error('Error during shutdown', { error: thrown.message })
    throw thrown
  }
  await halted(node)
}

async function halted({
  log,
  settings,
  store,
  executor,
  environment,
}: ReturnType<typeof openNode>): Promise<void> {
  await sleep(endingMs / environment.speed)
  if (settings.config.aggregator) {
    log.of('executor').info('executor stopped')
    log.of('reaper').info('reaper stopped')
  } else log.of('syncer').info('syncer stopped')
  log.of('submitter').info('submitter stopped')
  log.info('halting full node and its sub services...')
  store.close()
  executor.end()
  log.info('full node halted successfully')
}
