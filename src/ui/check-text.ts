import type { CheckReport, Finding } from '../run/api.ts'
import { twoColumns } from './columns.ts'
import { counted } from './figures.ts'
import { printable } from './printable.ts'
import { type Palette, plain } from './style.ts'

const levels = ['blocks', 'warns', 'notes'] as const satisfies readonly Finding['level'][]

/** What `check` found: the facts, then each host's findings, the worst first, each with its why and its cure. */
export function checkText(report: CheckReport, width: number, palette: Palette = plain): string {
  const lines: string[] = []
  if (report.facts.length > 0) {
    const facts = report.facts.map(([label, value]) => [printable(label), printable(value)] as const)
    lines.push(...twoColumns(facts, width, '  ', palette.dim), '')
  }
  for (const [host, findings] of byHost(report.findings)) {
    lines.push(palette.strong(printable(host)))
    for (const finding of findings) lines.push(...findingLines(finding, palette))
    lines.push('')
  }
  lines.push(verdict(report, palette))
  return `${lines.join('\n')}\n`
}

function findingLines(finding: Finding, palette: Palette): string[] {
  const paint = { blocks: palette.bad, warns: palette.warn, notes: palette.dim }[finding.level]
  return [
    `  ${paint(finding.level.padEnd(6))}  ${printable(finding.what)}`,
    ...twoColumns(
      [
        ...(finding.evidence === '' ? [] : [['seen', printable(finding.evidence)] as const]),
        ['why', printable(finding.why)],
        ['cure', printable(finding.cure)],
      ],
      // A cure is often a command to copy: it is never broken.
      Number.POSITIVE_INFINITY,
      '          ',
      palette.dim,
    ),
  ]
}

/** Hosts with their findings, both the worst first; equals stay in the order of the runbook. */
function byHost(findings: readonly Finding[]): [host: string, findings: Finding[]][] {
  const hosts = new Map<string, Finding[]>()
  for (const finding of findings.toSorted(worstFirst))
    hosts.set(finding.host, [...(hosts.get(finding.host) ?? []), finding])
  return [...hosts]
}

function worstFirst(left: Finding, right: Finding): number {
  return levels.indexOf(left.level) - levels.indexOf(right.level)
}

function verdict({ chain, findings, ok }: CheckReport, palette: Palette): string {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length
  const warnings = count('warns') === 0 ? '' : `; ${counted(count('warns'), 'warning')}`
  if (!ok)
    return palette.bad(
      `${chain} can not be migrated yet: ${counted(count('blocks'), 'finding')} to cure${warnings}`,
    )
  return palette.good(`nothing stands against migrating ${chain}${warnings}`)
}
