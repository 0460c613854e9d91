// How long the chain stands still on real hosts: `script/bench window [ROUNDS]`. Judged from the blocks, not by evha.
import { realNode, withHosts } from '../hosts/hosts.ts'
import { keepReport } from './kept-reports.ts'
import { nodes, type WindowRound, windowOn } from './window-round.ts'

const headBefore = 20

async function round(): Promise<WindowRound> {
  let seen: WindowRound | undefined
  await withHosts(
    nodes,
    async (hosts) => {
      const { report, ...one } = await windowOn(hosts, headBefore)
      seen = one.seen
      keepReport(hosts, report)
    },
    { evhaMs: 600_000 },
  )
  if (seen === undefined) throw new Error('no round was seen')
  return seen
}

const count = Number(process.argv[2] ?? '5')
const rounds: WindowRound[] = []
process.stdout.write(
  `evha, ${nodes} hosts, blocks of 1 s, ${realNode ? 'real node' : 'stand-in'}, ${new Date().toISOString().slice(0, 10)}\n\n` +
    '| round | gap ms | own part ms | predicted ms | same chain | forks | copied bytes |\n|---|---|---|---|---|---|---|\n',
)
for (let k = 1; k <= count; k += 1) {
  const one = await round()
  rounds.push(one)
  const { gapMs, ownMs, predictedMs, voting, forks, copiedBytes } = one
  process.stdout.write(
    `| ${k} | ${gapMs} | ${Math.round(ownMs)} | ${Math.round(predictedMs)} | ${voting} of ${nodes} | ${forks} | ${copiedBytes} |\n`,
  )
}
const gaps = rounds.map(({ gapMs }) => gapMs).sort((a, b) => a - b)
process.stdout.write(`\ngap: median ${gaps[Math.floor(gaps.length / 2)]} ms, worst ${gaps.at(-1)} ms\n`)
