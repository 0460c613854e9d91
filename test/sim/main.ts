// script/sim: many seeds in two processes, or one with its story.
import { parseArgs } from 'node:util'
import { countInProcesses, countSeeds, told } from './batch.ts'
import { type Found, findPlanted } from './find-planted.ts'
import { crashMatrix, storyOfCell, strikeCells } from './matrix.ts'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    story: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    matrix: { type: 'boolean', default: false },
    every: { type: 'string', default: '1' },
    share: { type: 'string', default: '0/1' },
    cell: { type: 'string', multiple: true, default: [] },
    worker: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const runs = Number(values.runs)
const say = (text: string): void => void process.stdout.write(text)

if (values.worker && values.matrix) {
  const [share = 0, shares = 1] = values.share.split('/').map(Number)
  say(JSON.stringify(await strikeCells({ every: Number(values.every), share, shares })))
} else if (values.cell.length > 0) {
  const [goal = '', place = '', kind = '', state = '', nth = '1'] = values.cell
  say(`${(await storyOfCell(goal, place, kind, state, Number(nth))).join('\n')}\n`)
} else if (values.worker) say(JSON.stringify(await countSeeds(seed, runs)))
else if (values.story) {
  const { story, broken } = await simulate({ seed })
  say(`${story.join('\n')}\n`)
  process.exitCode = broken.length === 0 ? 0 : 1
} else if (values.planted) {
  const tell = ({ name, seeds, why }: Found): void =>
    say(`${seeds === null ? `NOT FOUND in ${runs} seeds` : `found after ${seeds} seeds`}: ${name}: ${why}\n`)
  await findPlanted(runs, tell, (name) => name.includes(values.only))
} else if (values.matrix) {
  const startedMs = performance.now()
  const { text, broken } = await crashMatrix({
    every: Number(values.every),
    processes: Number(values.processes),
    tell: say,
  })
  say(`${text}in ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`)
  process.exitCode = broken.length === 0 ? 0 : 1
} else {
  const startedMs = performance.now()
  const counted = await countInProcesses(seed, runs, Number(values.processes))
  say(told(counted, (performance.now() - startedMs) / 1000))
  process.exitCode = counted.broken.length === 0 ? 0 : 1
}
