import type { CheckReport, Finding } from '../run/api.ts'

const order: Readonly<Record<Finding['level'], number>> = { blocks: 0, warns: 1, notes: 2 }

/** All findings, grouped by host, the worst host and the worst finding first. */
export function checkText(report: CheckReport): string {
  const hosts = new Map<string, Finding[]>()
  for (const finding of report.findings)
    hosts.set(finding.host, [...(hosts.get(finding.host) ?? []), finding])
  const worst = (findings: readonly Finding[]) => Math.min(...findings.map((finding) => order[finding.level]))
  const groups = [...hosts].sort(([, a], [, b]) => worst(a) - worst(b))
  const blocking = report.findings.filter((finding) => finding.level === 'blocks').length
  return [
    report.ok
      ? `${report.chain}: nothing blocks the migration`
      : `${report.chain}: ${blocking} finding${blocking === 1 ? '' : 's'} block${blocking === 1 ? 's' : ''} the migration; nothing was changed`,
    ...report.facts.map(([label, value]) => `  ${label.padEnd(20)}${value}`),
    ...groups.flatMap(([host, findings]) => [
      '',
      host,
      ...findings.toSorted((a, b) => order[a.level] - order[b.level]).flatMap(lines),
    ]),
    '',
  ].join('\n')
}

function lines({ level, what, why, cure }: Finding): string[] {
  return [`  ${level}: ${what}`, `    why: ${why}`, `    cure: ${cure}`]
}
