import type { Server } from 'node:http'
import { submitHeaders } from './da-submitter.ts'
import type { Logger } from './logger.ts'
import { closeRpc, openRpc } from './rpc-server.ts'
import { noteSigned, sealNext } from './sealing.ts'
import type { Settings } from './settings.ts'
import type { Store } from './store.ts'

/** A node that can be told to stop; resolves to its exit code. */
export interface Running {
  stop(): Promise<number>
}

/** The single sequencer: a block each block time, whoever else may sign beside it. */
export async function runSingle(settings: Settings, store: Store, log: Logger): Promise<Running> {
  const { config, genesis, signer, speed } = settings
  log.log('info', 'Starting aggregator node')
  let rpc: Server | undefined
  if (!settings.alone) {
    rpc = await openRpc(config.rpc, {
      store,
      genesis,
      daNamespace: config.daNamespace,
      peerId: settings.peerId,
      listenAddress: config.p2pListen,
      role: () => null,
    })
    log.log('info', 'Started RPC server', { addr: `${config.rpc.host}:${config.rpc.port}` })
  }
  log.log('info', 'initialized state', { height: store.height, chain_id: genesis.chainId }, 'executor')
  log.log('info', 'executor started', {}, 'executor')
  const produce = () => {
    const block = sealNext(store, signer, genesis.chainId)
    noteSigned(block, '')
    store.append(block)
    log.log('info', 'produced block', { height: block.header.height, txs: 0 }, 'executor')
  }
  const timer = setInterval(produce, config.blockTimeMs)
  const endSubmitting = settings.alone
    ? () => undefined
    : submitHeaders(
        store,
        signer,
        { address: config.daAddress, namespace: config.daNamespace },
        2_000 / speed,
        log,
      )
  return {
    stop: async () => {
      clearInterval(timer)
      endSubmitting()
      log.log('info', 'executor stopped', {}, 'executor')
      log.log('info', 'submitter stopped', {}, 'submitter')
      closeRpc(rpc)
      return 0
    },
  }
}
