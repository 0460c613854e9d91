import { type DaClient, type DaOptions, daClient, daTarget } from '../evnode/da.ts'
import { type NodeRpc, nodeRpc, type RpcOptions } from '../evnode/rpc.ts'
import type { AuditEntry } from '../remote/audit.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import type { LoadedRunbook } from '../runbook/load.ts'
import type { Host } from '../steps/step.ts'
import { type Clock, realClock } from './clock.ts'
import { openHosts } from './hosts.ts'

/** All that a run touches beside its own files: hosts, nodes, DA, time and chance. A simulation brings another one. */
export interface World {
  readonly clock: Clock
  /** From 0 to below 1. */
  random(): number
  openHosts(
    runbook: LoadedRunbook,
    note: (entry: AuditEntry) => void,
    ask?: PassphraseOf,
  ): Promise<readonly Host[]>
  rpc(host: Host, options: RpcOptions): NodeRpc
  /** DA as this host reaches it. */
  da(host: Host, options: DaOptions): DaClient
}

export const realWorld: World = {
  clock: realClock,
  random: Math.random,
  openHosts,
  rpc: ({ spec, remote }, options) => nodeRpc(() => remote.tunnel(spec.rpc), options),
  da: ({ remote }, options) => {
    const { host, port } = daTarget(options.address)
    return daClient(() => remote.tunnel({ host, port }), options)
  },
}
