import { EvhaError } from '../../base/errors.ts'
import { hostPort } from '../../runbook/address.ts'
import type { Facts } from '../facts.ts'
import { signerPath } from '../host/unit-files.ts'
import type { Host, StepContext } from '../step.ts'
import { blocks, type Finding } from './finding.ts'
import { genesisOf, readSourceFiles, type SourceFiles } from './source-files.ts'

/** Reads unit, configuration and genesis of the live sequencer. Throws EvhaError 'blocked' when one can not be read. */
export async function readLive(context: StepContext, source: Host): Promise<SourceFiles> {
  try {
    return await readSourceFiles(context, source)
  } catch (thrown) {
    if (!(thrown instanceof EvhaError) || thrown.kind !== 'failed') throw thrown
    throw new EvhaError({
      kind: 'blocked',
      message: `${source.spec.name}: the live sequencer's unit, evnode.yaml or genesis.json can not be read: ${thrown.message}`,
      changedAnything: 'no',
      retryable: true,
      hint: 'mend node.unit and node.home of the source in the runbook',
    })
  }
}

/** What the running chain says of itself. */
export interface LiveChain {
  readonly genesisChainId: string
  readonly facts: Pick<
    Facts['check'],
    'chainId' | 'initialHeight' | 'head' | 'proposerAddress' | 'daNamespace'
  >
}

/** Asks the live sequencer's RPC. Throws EvhaError 'blocked' when it does not answer. */
export async function readChain(context: StepContext, files: SourceFiles): Promise<LiveChain> {
  const { source } = context
  const { name, rpc } = source.spec
  const [state, namespace] = await Promise.all([context.rpc(source).state(), context.rpc(source).namespace()])
  if (state.kind !== 'ok' || namespace.kind !== 'ok')
    throw new EvhaError({
      kind: 'blocked',
      message: `${name}: the node does not answer RPC on ${hostPort(rpc.host, rpc.port)}`,
      changedAnything: 'no',
      retryable: true,
      hint: `see that the chain runs, and name its address in the runbook: node.rpc`,
    })
  const genesis = genesisOf(files)
  return {
    genesisChainId: genesis.chainId,
    facts: {
      chainId: state.value.chainId,
      initialHeight: state.value.initialHeight,
      head: state.value.lastBlockHeight,
      proposerAddress:
        state.value.nextProposerAddress === '' ? genesis.proposerAddress : state.value.nextProposerAddress,
      daNamespace: namespace.value.header,
    },
  }
}

/** The chain against the runbook, its genesis and its key. `chain` is the runbook's. */
export function chainFindings(
  { spec }: Host,
  chain: string,
  { facts, genesisChainId }: LiveChain,
  isKeyMissing: boolean,
): Finding[] {
  const seen = `RPC on ${hostPort(spec.rpc.host, spec.rpc.port)}: chain ${facts.chainId}, height ${facts.head}`
  const found: Finding[] = []
  if (facts.chainId !== chain)
    found.push(
      blocks(
        spec.name,
        `the live chain is ${facts.chainId}, the runbook says ${chain}`,
        'evha works only on the chain you named',
        `put chain: ${facts.chainId} into the runbook, if that is the chain you mean`,
        seen,
      ),
    )
  if (genesisChainId !== facts.chainId)
    found.push(
      blocks(
        spec.name,
        `genesis.json is of ${genesisChainId}`,
        'the running chain has another genesis',
        'name the right home in the runbook',
        seen,
      ),
    )
  // A KMS has no file; that is a finding of the configuration.
  if (isKeyMissing)
    found.push(
      blocks(
        spec.name,
        'there is no signer.json in its config directory',
        'only file signers are handled by this version',
        'name the right home in the runbook',
        `there is no file ${signerPath(spec)}`,
      ),
    )
  return found
}
