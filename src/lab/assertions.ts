import { existsSync } from 'node:fs'
import type { Unit } from '../evnode/unit-file.ts'
import { unitEntries } from '../evnode/unit-file.ts'

/**
 * Whether all `AssertPathExists=` (or `ConditionPathExists=`) of a unit hold, as systemd judges them: those with `|`
 * are alternatives of which one must hold, the others must all hold, `!` negates, an empty one resets the list.
 */
export function pathsHold(unit: Unit, key: 'AssertPathExists' | 'ConditionPathExists'): boolean {
  let checks: string[] = []
  for (const entry of [unit.text, ...unit.dropIns.map((dropIn) => dropIn.text)].flatMap((text) =>
    unitEntries(text),
  )) {
    if (entry.section !== 'Unit' || entry.key !== key) continue
    checks = entry.value === '' ? [] : [...checks, entry.value]
  }
  const alternatives = checks.filter((check) => check.startsWith('|'))
  const needed = checks.filter((check) => !check.startsWith('|'))
  return (
    needed.every(holds) && (alternatives.length === 0 || alternatives.some((check) => holds(check.slice(1))))
  )
}

function holds(check: string): boolean {
  const negated = check.startsWith('!')
  const path = check.slice(negated ? 1 : 0).replaceAll('%%', '%')
  return existsSync(path) !== negated
}
