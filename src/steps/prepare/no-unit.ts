import { EvhaError } from '../../base/errors.ts'
import { unitOfProcess } from '../../evnode/unit-of-process.ts'
import { must } from '../ask.ts'
import { readUnit, showUnit } from '../host/systemd.ts'
import { unitPath } from '../host/unit-files.ts'
import type { Host, StepContext } from '../step.ts'
import { isInContainer, nodeProcesses } from './starter-findings.ts'
import { type HostProcess, lookForStarters, readStarters } from './starters.ts'

/** A unit for the source that has none, and what to type to have systemd run it. */
export interface UnitForProcess {
  readonly text: string
  readonly next: readonly string[]
}

/** Throws EvhaError 'blocked' when systemd has no such unit on the source, with what runs there instead. */
export async function refuseWithoutUnit(context: StepContext, source: Host): Promise<void> {
  const { name, unit } = source.spec
  if (readUnit(await must(context, source, showUnit(unit))).load !== 'not-found') return
  const [one, ...more] = await processesOn(context, source)
  const noUnit = `${name}: systemd has no unit ${unit}`
  const rightOne = 'name the right unit in the runbook: node.unit'
  if (one === undefined)
    throw blocked(
      `${noUnit}, and no process runs a node on ${source.spec.home}`,
      `${rightOne}, or the right home: node.home`,
    )
  if (isInContainer(one))
    throw blocked(
      `${noUnit}; process ${one.pid} runs the node in a container`,
      'evha migrates a node that a unit of the host runs: move it out of the container, and remove the restart policy',
    )
  if (more.length > 0)
    throw blocked(
      `${noUnit}; ${1 + more.length} processes run the node: ${[one, ...more].map(({ pid }) => pid).join(', ')}`,
      'end all but the one that signs, and see who starts them: ps -f',
    )
  throw blocked(
    `${noUnit}; process ${one.pid} of ${one.user} runs the node without one`,
    `${rightOne}; or have evha write one from that process: evha check ${context.runbook.path} --unit-file ${unit}`,
  )
}

/** Writes a unit from the one process that runs the node. Throws EvhaError 'usage' where there is nothing to write one for. */
export async function unitForProcess(context: StepContext): Promise<UnitForProcess> {
  const { source } = context
  const { name, unit } = source.spec
  if (readUnit(await must(context, source, showUnit(unit))).load !== 'not-found')
    throw usage(`${name} has the unit ${unit} already`, `systemctl cat ${unit} shows it`)
  const [one, ...more] = await processesOn(context, source)
  if (one === undefined || more.length > 0 || isInContainer(one))
    throw usage(
      `there is not one process on ${name} to write a unit from`,
      `evha check ${context.runbook.path} says what there is`,
    )
  return {
    text: unitOfProcess(one),
    next: [
      `read it; then lay it on ${name} as ${unitPath(source.spec)}`,
      `on ${name}: systemctl daemon-reload`,
      `on ${name}: kill -INT ${one.pid}    # the chain stands still from here`,
      `on ${name}: systemctl enable --now ${unit}    # once process ${one.pid} is gone`,
    ],
  }
}

async function processesOn(context: StepContext, source: Host): Promise<readonly HostProcess[]> {
  return nodeProcesses(source.spec, readStarters(await must(context, source, lookForStarters(source.spec))))
}

const blocked = (message: string, hint: string) =>
  new EvhaError({ kind: 'blocked', message, changedAnything: 'no', retryable: true, hint })

const usage = (message: string, hint: string) =>
  new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
