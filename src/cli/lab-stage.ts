import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { EvhaError } from '../base/errors.ts'
import { drivesClient } from '../evnode/execution.ts'
import { nodeRpc } from '../evnode/rpc.ts'
import { labDown } from '../lab/down.ts'
import { labUp } from '../lab/up.ts'
import type { Stage } from '../run/rehearse.ts'
import { type LoadedRunbook, loadRunbook } from '../runbook/load.ts'

export interface LabWishes {
  readonly stateDir: string
  readonly fast: boolean
  /** A chain whose nodes drive execution clients, whatever `like` says. */
  readonly evm: boolean
  /** Its number of nodes and its budget are taken; its hosts are not touched. */
  readonly like: LoadedRunbook | null
}

/** The embedded lab as a stage: one of its own, so that a lab that was left running is not disturbed. */
export function labStage({ stateDir, fast, evm, like }: LabWishes): Stage {
  const own = { stateDir: join(stateDir, 'rehearsal') }
  const nodes = (like?.nodes.length ?? 5) as 3 | 5 | 7
  return {
    on: 'lab',
    up: async () => {
      await labDown(own)
      // The runs stand beside those of real chains: no chain may bear the name of one.
      const chain = `rehearsal-${Date.now().toString(36)}`
      const hasClients = evm || (like?.nodes ?? []).some(drivesClient)
      const { runbook } = await labUp({ ...own, nodes, fast, chain, evm: hasClients })
      // Blocks of 100 ms are for tests: nothing is measured there.
      if (hasClients && !fast) await blocksToReplay(runbook)
      if (like === null) return runbook
      const text = readFileSync(runbook, 'utf8').replace(
        /budgetSeconds: \d+/,
        `budgetSeconds: ${like.window.budgetSeconds}`,
      )
      writeFileSync(runbook, text)
      return runbook
    },
    down: () => labDown(own),
  }
}

/** So many blocks tell the pace at which a client is led to the head: it is measured over twenty, and more come meanwhile. */
const replayedBlocks = 60
const replayedTimeoutMs = 180_000

/** Waits until the lab's chain is long enough for that. */
async function blocksToReplay(path: string): Promise<void> {
  const { host, port } = loadRunbook(path).source.rpc
  const rpc = nodeRpc(async () => connect({ host, port }), { timeoutMs: 1_000 })
  const deadlineMs = Date.now() + replayedTimeoutMs
  while (Date.now() < deadlineMs) {
    const state = await rpc.state()
    if (state.kind === 'ok' && state.value.lastBlockHeight >= replayedBlocks) return
    await new Promise((wake) => setTimeout(wake, 200))
  }
  throw new EvhaError({
    kind: 'failed',
    message: `the chain of the lab made no ${replayedBlocks} blocks within ${replayedTimeoutMs / 1_000} s`,
    changedAnything: 'no',
    retryable: true,
    hint: 'try once more; a busy machine makes its blocks late',
  })
}
