import type { Unit } from '../../src/evnode/unit.ts'

/** As systemd judges them: those with `|` are alternatives, the others must all hold, `!` negates, an empty one resets. */
export function pathsHold(
  unit: Unit,
  key: 'AssertPathExists' | 'ConditionPathExists',
  exists: (path: string) => boolean,
): boolean {
  let checks: string[] = []
  for (const entry of unit.entries)
    if (entry.section === 'Unit' && entry.key === key)
      checks = entry.value === '' ? [] : [...checks, entry.value]
  const holds = (check: string): boolean => {
    const negated = check.startsWith('!')
    return exists(check.slice(negated ? 1 : 0).replaceAll('%%', '%')) !== negated
  }
  const either = checks.filter((check) => check.startsWith('|'))
  return (
    checks.filter((check) => !check.startsWith('|')).every(holds) &&
    (either.length === 0 || either.some((check) => holds(check.slice(1))))
  )
}
