import { quote } from '../remote/render.ts'
import { type Row, twoColumns } from './columns.ts'
import { printable } from './printable.ts'

/** What a person wants to know of a lab that runs. */
export interface ShownLab {
  readonly chain: string
  readonly runbook: string
  /** Holds the host directories alone. */
  readonly root: string
  readonly hosts: readonly unknown[]
  readonly standIn: boolean
}

/** The lab in a few lines, with the command to type next. */
export function labText(lab: ShownLab, stateDir: string): string {
  const rows: Row[] = [
    ['chain', printable(lab.chain)],
    ['hosts', `${lab.hosts.length}, with ${lab.standIn ? 'stand-in' : 'real'} nodes`],
    ['runbook', lab.runbook],
    ['files', lab.root],
  ]
  const next = `evha migrate ${quote(lab.runbook)} --state-dir ${quote(stateDir)}`
  return [
    'the lab runs',
    ...twoColumns(rows, Number.POSITIVE_INFINITY),
    'migrate it with:',
    `  ${next}`,
    '',
  ].join('\n')
}

export const labDownText = 'the lab is down\n'

export const noLabText = (stateDir: string) => `no lab runs in ${stateDir}; start one with \`evha lab up\`\n`
