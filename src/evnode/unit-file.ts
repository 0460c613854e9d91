import { EvhaError } from '../base/errors.ts'

/** One setting of a unit file; `lines` are the lines it was written on. */
export interface UnitEntry {
  readonly section: string
  /** '' for a comment, an empty line or a section's header. */
  readonly key: string
  readonly value: string
  readonly lines: readonly string[]
}

export interface DropIn {
  /** File name, such as `10-limits.conf`. */
  readonly name: string
  readonly text: string
}

/** A unit with its drop-ins, read as systemd reads them. */
export interface Unit {
  readonly text: string
  readonly dropIns: readonly DropIn[]
  /** All entries in systemd's order: the unit's, then each drop-in's by name. */
  readonly entries: readonly UnitEntry[]
}

/** A unit and its drop-ins, which count in the order of their names. Throws EvhaError (usage). */
export function parseUnit(text: string, dropIns: readonly DropIn[] = []): Unit {
  const sorted = [...dropIns].sort((one, other) => (one.name < other.name ? -1 : 1))
  const entries = [text, ...sorted.map((dropIn) => dropIn.text)].flatMap(unitEntries)
  return { text, dropIns: sorted, entries }
}

/** The entries of one file, every line of it in one of them. */
export function unitEntries(text: string): readonly UnitEntry[] {
  const lines = text.replace(/\n$/, '').split('\n')
  const entries: UnitEntry[] = []
  let section = ''
  for (let index = 0; index < lines.length; ) {
    const taken = continued(lines, index)
    index += taken.lines.length
    const header = /^\[([^\]]+)\]$/.exec(taken.joined)
    if (header !== null) section = header[1] ?? ''
    entries.push(
      header === null ? entryOf(section, taken) : { section, key: '', value: '', lines: taken.lines },
    )
  }
  return entries
}

function isComment(line: string): boolean {
  return /^\s*[#;]/.test(line)
}

/** A line and those it continues on: a backslash at the end stands for a space, comments between do not end it. */
function continued(lines: readonly string[], start: number): { lines: string[]; joined: string } {
  const taken: string[] = []
  const parts: string[] = []
  for (const line of lines.slice(start)) {
    taken.push(line)
    if (isComment(line)) {
      if (taken.length === 1) return { lines: taken, joined: '' }
      continue
    }
    const more = line.endsWith('\\')
    parts.push((more ? line.slice(0, -1) : line).trim())
    if (!more) break
  }
  return { lines: taken, joined: parts.join(' ').trim() }
}

function entryOf(section: string, { lines, joined }: { lines: string[]; joined: string }): UnitEntry {
  if (joined === '') return { section, key: '', value: '', lines }
  const at = joined.indexOf('=')
  if (at < 1 || section === '') {
    throw new EvhaError({
      kind: 'usage',
      message: `the unit file has a line that is no setting: ${JSON.stringify(joined.slice(0, 80))}`,
      changedAnything: 'no',
      retryable: false,
      hint: 'see `systemd-analyze verify` of the unit on its host',
    })
  }
  return { section, key: joined.slice(0, at).trim(), value: joined.slice(at + 1).trim(), lines }
}

/** The values of a list setting such as ExecStart: an empty assignment forgets those before it. */
export function unitList(unit: Unit, section: string, key: string): readonly string[] {
  const values: string[] = []
  for (const entry of unit.entries) {
    if (entry.section !== section || entry.key !== key) continue
    if (entry.value === '') values.length = 0
    else values.push(entry.value)
  }
  return values
}

/** The value of a single setting such as User: the last one counts, an empty one is absent. */
export function unitValue(unit: Unit, section: string, key: string): string | undefined {
  const found = unit.entries.findLast((entry) => entry.section === section && entry.key === key)
  return found === undefined || found.value === '' ? undefined : found.value
}
