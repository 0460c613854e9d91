// With EVHA_BENCH_REPORTS=DIR, a directory that is there, a migration's report and log stay when its hosts are gone.
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../../src/run/api.ts'
import type { Hosts } from '../hosts/hosts.ts'

export function keepReport({ stateDir }: Hosts, report: Report): void {
  const dir = process.env['EVHA_BENCH_REPORTS']
  if (dir === undefined) return
  writeFileSync(join(dir, `${report.run}.json`), `${JSON.stringify(report, null, 2)}\n`)
  copyFileSync(join(stateDir, 'runs', report.run, 'evha.log'), join(dir, `${report.run}.log`))
}
