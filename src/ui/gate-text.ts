import type { Gate } from '../base/names.ts'
import type { GateQuestion } from '../run/observer.ts'

const titles: Readonly<Record<Gate, string>> = {
  cutover: 'Ready to cut over',
  commit: 'Ready to commit',
  rollback: 'Ready to roll back',
  finish: 'Ready to finish',
}

const labelWidth = 14

/** What a gate shows before it asks: evidence in two columns, then what can not be undone. */
export function gateText(question: GateQuestion): string {
  const { gate, chain, evidence, irreversible } = question
  const rows = [...evidence, ['irreversible', irreversible] as const]
  return [
    '',
    `  ${titles[gate]}  ${chain}`,
    '',
    ...rows.map(([label, value]) => `  ${label.padEnd(labelWidth)}${value}`),
    '',
    '',
  ].join('\n')
}

/** The line the operator types after. */
export function gateQuestionText({ gate, deadlineMs }: GateQuestion, nowMs: number): string {
  if (gate === 'commit') {
    const left =
      deadlineMs === undefined ? '' : ` within ${Math.max(0, Math.round((deadlineMs - nowMs) / 1000))} s`
    return `Type the chain id${left} to commit, or press Enter to go back to the old sequencer`
  }
  if (gate === 'cutover')
    return 'Type the chain id to stop the old sequencer and go on, or press Enter to keep waiting'
  if (gate === 'finish') return 'Type the chain id to finish, or press Enter to keep the way back for now'
  return 'Type the chain id to stop the cluster and roll back, or press Enter to keep it running'
}
