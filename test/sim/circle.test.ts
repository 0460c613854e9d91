// A simulation that turns in a circle must end, and say so: else a seed that finds something hangs the batch instead.
import { expect, test } from 'vitest'
import { execute } from './remote.ts'
import { Sim } from './sim.ts'
import { Timeline } from './timeline.ts'

const hourMs = 3600_000

test('things that follow each other without that time passes end the simulation', async () => {
  const timeline = new Timeline(0)
  const again = (): void => void timeline.in(0, again)
  again()
  await expect(timeline.until(() => false, hourMs)).rejects.toThrow('time stands still')
})

test('things that follow each other for ever end the simulation long before its time is up', async () => {
  const timeline = new Timeline(0)
  const again = (): void => void timeline.in(1, again)
  again()
  await expect(timeline.until(() => false, 1_000 * hourMs)).rejects.toThrow('something turns in a circle')
})

test.each([
  ['of builtins alone', 'while :; do :; done', 'a loop of a script'],
  ['of programs', 'while [ a = a ]; do cat /dev/null; done', 'a script on node-1 turns in a circle'],
])('a script with a loop %s that waits for nothing ends the simulation', (_of, script, says) => {
  const { source } = new Sim(1, 3)
  const command = { argv: ['sh', '-c', script, 'evha'], says: 'turn in a circle' } as const
  expect(() => execute(source, command, '', () => undefined)).toThrow(says)
})

test('a unit whose script is over at once is no unit that can never be stopped', async () => {
  const sim = new Sim(1, 3)
  const { files, spec, systemd } = sim.source
  files.write(`${spec.paths.units}/short.service`, '[Service]\nExecStart=sh -c true\n')
  const service = systemd.service('short.service')
  if (service === null) throw new Error('the unit is not there')
  expect(systemd.start(service)).toBe('')
  const startedMs = sim.timeline.now
  await sim.timeline.until(() => sim.timeline.now > startedMs + 10, 60_000)
  let code: number | null = null
  const command = { argv: ['systemctl', 'stop', 'short.service'], says: 'stop it' } as const
  execute(sim.source, command, '', (ended) => {
    code = ended
  })
  await sim.timeline.until(() => code !== null, 60_000)
  expect(service.isUp).toBe(false)
})
