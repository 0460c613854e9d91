import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { labDown } from '../lab/down.ts'
import { type LabInfo, labUp } from '../lab/up.ts'
import { talk, tellData, tellJson } from './output.ts'
import type { AddCommand } from './program.ts'
import { readShared } from './shared-options.ts'

export const addLab: AddCommand = (program, run) => {
  const lab = program
    .command('lab')
    .description('the embedded lab: hosts, SSH and stand-in nodes on this machine')
  lab
    .command('up')
    .description('start a lab with a chain that makes a block a second, and leave it running')
    .option('--nodes <n>', 'hosts: 3, 5 or 7', parseNodes, 5)
    .option('--fast', 'blocks every 100 ms, waits in proportion; for tests, not for figures', false)
    .action((options: { nodes: 3 | 5 | 7; fast: boolean }, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, async () => {
        const info = await labUp({ stateDir: shared.stateDir, nodes: options.nodes, fast: options.fast })
        if (shared.json) tellJson(info)
        else tellData(upText(info))
        return 0
      })
    })
  lab
    .command('down')
    .description('stop the lab and remove it')
    .action((_options: unknown, command: Command) => {
      const shared = readShared(command.optsWithGlobals())
      return run(shared, async () => {
        await labDown({ stateDir: shared.stateDir })
        if (shared.json) tellJson({ down: true })
        else talk('the lab is down\n')
        return 0
      })
    })
  return lab
}

function upText(info: LabInfo): string {
  return [
    `lab up: chain ${info.chain}, ${info.hosts.length} hosts, stand-in nodes`,
    `  runbook  ${info.runbook}`,
    `  hosts    ${info.root}`,
    '',
  ].join('\n')
}

function parseNodes(text: string): 3 | 5 | 7 {
  const nodes = ([3, 5, 7] as const).find((one) => String(one) === text)
  if (nodes === undefined) throw new InvalidArgumentError('A cluster has 3, 5 or 7 nodes.')
  return nodes
}
