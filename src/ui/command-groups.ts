import type { StepReport } from '../run/api.ts'
import type { RanCommand } from '../run/commands-of.ts'

/** How one command ended on one host; `times` when it was run again and again. */
export interface CommandEnd {
  readonly host: string
  readonly exit: number | string
  readonly durationMs: number
  readonly times: number
}

/** One command of a step, with every host it ran on. */
export interface ShownCommand {
  readonly says: string
  readonly text: string
  readonly mutates: boolean
  readonly ends: readonly CommandEnd[]
}

export interface CommandGroup {
  /** null: what ran between two steps. */
  readonly step: StepReport | null
  readonly commands: readonly ShownCommand[]
}

export interface Commands {
  readonly groups: readonly CommandGroup[]
  /** Scripts that commands share, told once; a command names its script by its number from 1. */
  readonly scripts: readonly string[]
}

/** Every command by the step it ran in; the same one on several hosts stands once, with each host's end. */
export function groupCommands(steps: readonly StepReport[], ran: readonly RanCommand[]): Commands {
  const scripts: string[] = []
  const between = { step: null, ran: [] as RanCommand[] }
  const groups = steps.map((step) => ({ step, ran: [] as RanCommand[] }))
  for (const command of ran) (groups.find(({ step }) => ranIn(step, command)) ?? between).ran.push(command)
  return {
    groups: [...groups, between]
      .filter((group) => group.ran.length > 0)
      .map((group) => ({ step: group.step, commands: merged(group.ran, scripts) })),
    scripts,
  }
}

function ranIn(step: StepReport, command: RanCommand): boolean {
  const startedMs = Date.parse(step.startedAt)
  // A command's start is told by its end and its length, each rounded by its own clock.
  return command.startedAtMs >= startedMs - 2 && command.startedAtMs <= startedMs + step.durationMs
}

function merged(ran: readonly RanCommand[], scripts: string[]): ShownCommand[] {
  const shown = new Map<string, { says: string; text: string; mutates: boolean; ends: CommandEnd[] }>()
  for (const { host, says, text, mutates, exit, durationMs } of ran) {
    const short = withScriptNamed(text, scripts)
    const key = `${says}\n${short}`
    const one = shown.get(key) ?? { says, text: short, mutates, ends: [] }
    shown.set(key, one)
    const same = one.ends.findIndex((end) => end.host === host && end.exit === exit)
    const before = one.ends[same]
    if (before === undefined) one.ends.push({ host, exit, durationMs, times: 1 })
    else
      one.ends[same] = {
        ...before,
        durationMs: Math.max(before.durationMs, durationMs),
        times: before.times + 1,
      }
  }
  return [...shown.values()]
}

/** Scripts longer than this are told once and named. */
const scriptLengthMin = 120

/** `sh -c 'long text' evha a b` as `sh -c "$SCRIPT_7" evha a b`, the text kept in `scripts`. */
export function withScriptNamed(text: string, scripts: string[]): string {
  const found = /^(.*?sh -c )('(?:[^']|'\\'')*')(.*)$/s.exec(text)
  const quoted = found?.[2] ?? ''
  if (found === null || quoted.length < scriptLengthMin) return text
  const script = quoted.slice(1, -1).replaceAll("'\\''", "'").trim()
  const known = scripts.indexOf(script)
  const number = known < 0 ? scripts.push(script) : known + 1
  return `${found[1]}"$SCRIPT_${number}"${found[3]}`
}
