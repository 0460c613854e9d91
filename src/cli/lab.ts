import { type Command, InvalidArgumentError, Option } from 'commander'
import { labDownText, labText, noLabText } from '../ui/lab-text.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'

/** `evha lab up|down|status`; the lab's own modules are loaded only when they are wanted. */
export function addLab(program: Command, act: Act): void {
  const lab = explain(
    program.command('lab'),
    'the embedded lab: hosts, SSH and stand-in nodes on this machine',
    [
      ['evha lab up', 'a chain that makes a block a second; it is left running'],
      ['evha lab down', 'remove it'],
    ],
  )
  addUp(lab, act)
  addStatus(lab, act)
  addDown(lab, act)
}

function addUp(lab: Command, act: Act): void {
  explain(lab.command('up'), 'start a lab, and leave it running', [
    ['evha lab up --nodes 3', 'three hosts in place of five'],
    ['evha lab up --fast', 'a block every 100 ms: for tests, not for figures'],
    ['evha lab up --rtt 10', 'hosts that are 10 ms away'],
  ])
    .addOption(new Option('--nodes <n>', 'how many hosts').choices(['3', '5', '7']).default('5'))
    .option('--fast', 'blocks every 100 ms, waits in proportion', false)
    .option('--evm', 'a chain whose nodes drive execution clients, one on each host', false)
    .addOption(
      new Option(
        '--rtt <ms>',
        'round trip of every SSH connection, 0 to 1000 ms; nodes speak with each other without it',
      )
        .argParser(milliseconds)
        .default(0),
    )
    .action(
      ({ nodes, fast, evm, rtt }: { nodes: '3' | '5' | '7'; fast: boolean; evm: boolean; rtt: number }) =>
        act(async ({ stateDir }) => {
          const { labUp } = await import('../lab/up.ts')
          const info = await labUp({ stateDir, nodes: Number(nodes) as 3 | 5 | 7, fast, evm, rttMs: rtt })
          return { exitCode: 0, json: jsonOf('lab', info), text: labText(info, stateDir) }
        }),
    )
}

function milliseconds(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= 1_000) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0 to 1000.')
}

function addStatus(lab: Command, act: Act): void {
  explain(lab.command('status'), 'whether a lab runs, and where its files are', [
    ['evha lab status', ''],
  ]).action(() =>
    act(async ({ stateDir }) => {
      const { labInfo } = await import('../lab/up.ts')
      const info = await labInfo(stateDir)
      if (info !== undefined) return { exitCode: 0, json: jsonOf('lab', info), text: labText(info, stateDir) }
      return { exitCode: 0, json: jsonOf('noLab', { running: false }), text: noLabText(stateDir) }
    }),
  )
}

function addDown(lab: Command, act: Act): void {
  explain(lab.command('down'), 'stop the lab and remove it; runs and reports stay', [
    ['evha lab down', ''],
  ]).action(() =>
    act(async ({ stateDir }) => {
      const { labDown } = await import('../lab/down.ts')
      await labDown({ stateDir })
      return { exitCode: 0, json: jsonOf('labDown', { down: true }), text: labDownText }
    }),
  )
}
