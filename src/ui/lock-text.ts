import type { LockReport } from '../run/lock-of.ts'
import { type Row, twoColumns } from './columns.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

/** Who holds a run, where, since when. */
export function lockText(lock: LockReport, palette: Palette = plain): string {
  const rows: Row[] = []
  if (lock.run !== null) rows.push(['run', lock.run])
  if (lock.by !== null) rows.push(['holder', `${printable(lock.by)} since ${printable(lock.since ?? '')}`])
  if (lock.epoch > 0) rows.push(['epoch', String(lock.epoch)])
  if (lock.says !== null) rows.push(['stands at', printable(lock.says)])
  if (lock.unfinished !== null)
    rows.push([
      'in the middle of',
      `${lock.unfinished}, which can not be undone; how far it came is on the hosts`,
    ])
  for (const { host, says } of lock.hosts) rows.push([host, printable(says)])
  if (lock.here !== null)
    rows.push([
      'here',
      `process ${lock.here.pid} of ${lock.here.user} since ${lock.here.since}, ${lock.here.alive ? 'at work' : 'gone'}`,
    ])
  return `${[palette.strong(headline(lock)), ...twoColumns(rows, Number.POSITIVE_INFINITY, '  ', palette.dim)].join('\n')}\n`
}

function headline({ state, chain, by, silentSeconds, leaseSeconds }: LockReport): string {
  const who = printable(by ?? '')
  if (state === 'held') return `${chain} is held by ${who}, heard ${silentSeconds} s ago.`
  if (state === 'silent')
    return silentSeconds === null
      ? `${chain} was held by ${who}, who was not heard since the hosts came up.`
      : `${chain} was held by ${who}, who was not heard for ${silentSeconds} s (${leaseSeconds} s is the limit).`
  if (state === 'released') return `${chain} is free: ${who} has given it back.`
  return `${chain} is free: nobody ever held it.`
}

/** What to type next. */
export function lockNext({ state, run }: LockReport, runbook: string): string[] {
  if (state === 'held') return [`take it from a process that nobody can reach: evha lock release ${runbook}`]
  if (run === null) return []
  return [`go on with it from here: evha adopt ${runbook} ${run}`]
}
