// What the node itself needs in a window: `script/bench node [ROUNDS]`, the stand-in beside the real node where one is named.

import { realNode, standIn } from '../conformance/subject.ts'
import { type NodeTiming, timingOf } from '../conformance/timing.ts'
import { counted } from './figures.ts'

const rounds = Number(process.argv[2] ?? '5')
const real = realNode(process.env)
const subjects = [{ ...standIn, env: {} }, ...(real === undefined ? [] : [real])]

process.stdout.write(
  '| node | rounds | stop of a single sequencer, ms | third start to first block, ms |\n|---|---|---|---|\n',
)
for (const subject of subjects) {
  const seen: NodeTiming[] = []
  for (let k = 0; k < rounds; k += 1) seen.push(await timingOf(subject))
  const stops = counted(seen.map(({ stopMs }) => stopMs))
  const firsts = counted(seen.map(({ firstBlockMs }) => firstBlockMs))
  process.stdout.write(`| ${subject.name} | ${rounds} | ${stops} | ${firsts} |\n`)
}
