import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runFiles } from '../../src/journal/runs.ts'
import { commandsOf } from '../../src/run/commands-of.ts'
import type { Plan } from '../../src/run/plan.ts'
import { planFileText } from '../../src/run/plan-file.ts'
import { confirm, filesOf, type Lab, labForAll } from './lab.ts'

let lab: Lab
let down: () => Promise<void>
beforeAll(async () => {
  ;[lab, down] = await labForAll(3)
}, 120_000)
afterAll(() => down())

/** Which command does what on which host; the id of the run apart. */
const purposes = (run: string, commands: Plan['states'][number]['commands']) =>
  new Set(
    commands
      .filter((one) => one.mutates)
      .map(({ host, says }) => `${host}: ${says.replaceAll(run, 'THE-RUN')}`),
  )

test('a saved plan that does not hold any more is refused, with what moved', async () => {
  const file = join(lab.stateDir, 'moved.json')
  const made = await lab.evha('plan', lab.runbook, '--out', file, '--json')
  const { plan } = JSON.parse(made.stdout) as { plan: Plan }
  const gate = confirm(lab, 'cutover')
  const refused = async (sentence: string) => {
    const ended = await lab.evha('migrate', file, ...gate)
    expect(ended.stderr).toContain(sentence)
    expect(ended.stderr).toContain('changed: nothing')
    expect(ended.stderr).toContain('evha plan')
    expect(ended.code).toBe(2)
  }
  const { head } = plan.world
  const hash = `${head.hash.startsWith('A') ? 'B' : 'A'}${head.hash.slice(1)}`
  writeFileSync(file, planFileText({ ...plan, world: { ...plan.world, head: { ...head, hash } } }))
  await refused(`block ${head.height} of the chain is not the one`)
  writeFileSync(
    file,
    planFileText({ ...plan, world: { ...plan.world, head: { ...head, height: head.height + 1_000_000 } } }),
  )
  await refused('below the planned')
  writeFileSync(file, planFileText({ ...plan, world: { ...plan.world, binarySha256: '00' } }))
  await refused('the binary of the node is another one')
  writeFileSync(file, planFileText({ ...plan, evha: { ...plan.evha, graph: '00' } }))
  await refused('it was made by evha')
  writeFileSync(file, planFileText(plan))
  writeFileSync(file, readFileSync(file, 'utf8').replace('"node-2"', '"node-3"'))
  await refused('was changed after it was written')
  writeFileSync(file, readFileSync(file, 'utf8').slice(0, 900))
  await refused('can not be read as a plan')
  writeFileSync(file, planFileText(plan))
  const runbook = readFileSync(lab.runbook, 'utf8')
  appendFileSync(lab.runbook, '# a word more\n')
  await refused('the runbook')
  writeFileSync(lab.runbook, runbook)
  expect((await lab.evha('status')).code).not.toBe(0)
})

test('what blocks is told instead of a plan', async () => {
  const file = join(lab.stateDir, 'blocked.json')
  const runbook = readFileSync(lab.runbook, 'utf8')
  writeFileSync(lab.runbook, runbook.replace(`chain: ${lab.chain}`, 'chain: another-chain'))
  const ended = await lab.evha('plan', lab.runbook, '--out', file)
  writeFileSync(lab.runbook, runbook)
  expect(ended.code).toBe(3)
  expect(ended.stdout).toContain('another-chain')
  expect(ended.stderr).toContain('no plan was made')
  expect(existsSync(file)).toBe(false)
})

test('a plan changes nothing, and names exactly what the migration after it does', async () => {
  const file = join(lab.stateDir, 'plan.json')
  const before = filesOf(lab)
  const planned = await lab.evha('plan', lab.runbook, '--out', file, '--json')
  expect(planned.stderr).toContain('nothing was changed')
  expect(planned.code).toBe(0)
  const { plan, ok } = JSON.parse(planned.stdout) as { plan: Plan; ok: boolean }
  expect(ok).toBe(true)
  const dry = await lab.evha('migrate', lab.runbook, '--dry-run')
  expect(dry.code).toBe(0)
  expect(dry.stdout).toContain('Step by step, with the commands')
  expect(dry.stdout).toContain(`Plan: ${lab.chain}`)
  expect(filesOf(lab)).toEqual(before)

  const told = plan.states.map((state) => state.state)
  expect(told[0]).toBe('check')
  expect(told.at(-1)).toBe('finish')
  expect(plan.states.filter((state) => state.gate !== null).map((state) => state.gate)).toEqual([
    'cutover',
    'commit',
    'finish',
  ])
  expect(plan.diff['node-2']?.join('\n')).toContain('<peer id of node-3>')

  const gates = confirm(lab, 'cutover', 'commit', 'finish')
  const ended = await lab.evha('migrate', file, '--json', ...gates)
  const { run, outcome } = JSON.parse(ended.stdout) as { run: string; outcome: string }
  expect(outcome).toBe('migrated')
  const { commands, missing } = commandsOf(runFiles(lab.stateDir, run).log)
  expect(missing).toBeNull()
  const onPaper = purposes(
    `${lab.chain}-RUN`,
    plan.states.flatMap((state) => state.commands),
  )
  // The plan says that it can not know these: they hang on what the live store does meanwhile.
  const done = [...purposes(run, commands)].filter(
    (one) =>
      !/: (dig holes|remove \d+ files the source)/.test(one) &&
      // Whoever drives keeps lease and journal on the hosts beside the steps; docs/plan.md says so.
      !/: (take|renew|give) the lease|: (keep|lay) the journal/.test(one),
  )
  expect(onPaper.size).toBeGreaterThan(50)
  expect([...onPaper].sort()).toEqual(done.sort())
})
