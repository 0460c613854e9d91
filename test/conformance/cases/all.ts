import type { Case } from '../case.ts'
import { clusterCases } from './cluster.ts'
import { daCases } from './da.ts'
import { harmCases } from './harms.ts'
import { homeCases } from './home.ts'
import { refusalCases } from './refusals.ts'
import { rpcCases } from './rpc.ts'
import { singleCases } from './single.ts'
import { storeCases } from './store.ts'

export const groups: Readonly<Record<string, readonly Case[]>> = {
  home: homeCases,
  'single sequencer': singleCases,
  RPC: rpcCases,
  store: storeCases,
  DA: daCases,
  refusals: refusalCases,
  cluster: clusterCases,
  harms: harmCases,
}
