import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labDown } from '../lab/down.ts'
import { labUp } from '../lab/up.ts'
import type { Stage } from '../run/rehearse.ts'
import type { LoadedRunbook } from '../runbook/load.ts'

export interface LabWishes {
  readonly stateDir: string
  readonly fast: boolean
  /** Its number of nodes and its budget are taken; its hosts are not touched. */
  readonly like: LoadedRunbook | null
}

/** The embedded lab as a stage: one of its own, so that a lab that was left running is not disturbed. */
export function labStage({ stateDir, fast, like }: LabWishes): Stage {
  const own = { stateDir: join(stateDir, 'rehearsal') }
  const nodes = (like?.nodes.length ?? 5) as 3 | 5 | 7
  return {
    on: 'lab',
    up: async () => {
      await labDown(own)
      // The runs stand beside those of real chains: no chain may bear the name of one.
      const chain = `rehearsal-${Date.now().toString(36)}`
      const { runbook } = await labUp({ ...own, nodes, fast, chain })
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
