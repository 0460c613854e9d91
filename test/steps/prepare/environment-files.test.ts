import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Command } from '../../../src/base/command.ts'
import { parseUnit } from '../../../src/evnode/unit.ts'
import { recording } from '../../../src/remote/recording.ts'
import { lookAtEnvironment } from '../../../src/steps/prepare/environment-files.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { locally, nodeIn, scratch } from '../host/locally.ts'

/** Three hosts whose `/env` is a directory of their own below `root`. */
function contextIn(root: string): StepContext {
  const nodes = [1, 2, 3].map((k): Host => {
    const name = `node-${k}`
    mkdirSync(join(root, name))
    const remote = recording(name, (command) => {
      const argv = command.argv.map((word) => word.replace('/env/', `${root}/${name}/`))
      const ended = locally({ ...command, argv: argv as unknown as Command['argv'] })
      return { exitCode: ended.code, stdout: ended.stdout.replaceAll(`${root}/${name}/`, '/env/') }
    })
    return { spec: { ...nodeIn('/d'), name }, remote }
  })
  const [source, ...peers] = nodes
  return { nodes, source, peers } as unknown as StepContext
}

const unitWith = (...lines: string[]) => parseUnit(`[Service]\n${lines.join('\n')}\n`)

test('names are read, values stay on the host; a file that a peer lacks blocks, an optional one warns', async () => {
  const root = scratch()
  const context = contextIn(root)
  const text = '# c\n; c\nA=hunter2\n export B="x=y"\nDB_PATH=/x\nno assignment\n'
  writeFileSync(join(root, 'node-1', 'must'), text)
  writeFileSync(join(root, 'node-1', 'may'), 'C=1\n')
  writeFileSync(join(root, 'node-2', 'must'), text)
  writeFileSync(join(root, 'node-3', 'may'), 'C=2\n')
  const unit = unitWith('EnvironmentFile=/env/must', 'EnvironmentFile=-/env/may')
  const { names, findings } = await lookAtEnvironment(context, unit)
  expect(names).toEqual(['A', 'B', 'DB_PATH', 'C'])
  expect(findings.map(({ level, host, what }) => `${host} ${level}: ${what}`)).toEqual([
    'node-2 warns: /env/may is not there',
    'node-3 blocks: /env/must is not there',
    'node-3 warns: /env/may is not the same as on node-1',
  ])
})

test('a pattern blocks; a unit without environment files asks no host', async () => {
  const context = contextIn(scratch())
  const pattern = await lookAtEnvironment(context, unitWith('EnvironmentFile=/env/*.conf'))
  expect(pattern.findings).toMatchObject([{ level: 'blocks', host: 'node-1' }])
  const none = { names: [], findings: [] }
  expect(await lookAtEnvironment({} as StepContext, unitWith('ExecStart=/x'))).toEqual(none)
})
