import type { HookCall } from '../run/full-report.ts'
import type { Row } from './columns.ts'
import { duration, time } from './figures.ts'

/** One call of a hook, for the report. */
export function hookRow({ hook, at, exit, durationMs }: HookCall): Row {
  const end =
    exit === null || durationMs === null ? 'its end was not seen' : `exit ${exit}, ${duration(durationMs)}`
  return [hook, `${time(at)}: ${end}`]
}
