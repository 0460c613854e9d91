import { objectOr } from './json.ts'

/** One line of a node's log, whatever its format. */
export interface LogLine {
  /** Milliseconds since 1970: the journal's where it stands before the line, else the node's own, which has whole seconds. */
  readonly atMs?: number
  readonly level?: string
  readonly message: string
  /** Fields as text. */
  readonly fields: Readonly<Record<string, string>>
}

/** `journalctl -o short-iso`, `short-iso-precise` or `short-unix`: time, host, program, then the line itself. */
const journalPrefix = /^(\d{9,11}\.\d+|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)) \S+ [^\s:]+: (.*)$/
const textLine = /^(?:<nil>|\d{1,2}:\d\d[AP]M|\d{4}-\d\d-\d\dT\S+) (TRC|DBG|INF|WRN|ERR|FTL|PNC|\?\?\?) (.*)$/
const levels: Readonly<Record<string, string>> = {
  TRC: 'trace',
  DBG: 'debug',
  INF: 'info',
  WRN: 'warn',
  ERR: 'error',
  FTL: 'fatal',
  PNC: 'panic',
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with an escape character
const ansi = /\u001b\[[0-9;]*m/g

/** Reads one line: JSON, the coloured text format, or anything else a process writes (evnode.md B 7.4). */
export function readLogLine(line: string): LogLine {
  const bare = line.replace(ansi, '').trimEnd()
  const [, stamp, rest = bare] = journalPrefix.exec(bare) ?? []
  const atMs = stamp === undefined ? undefined : stampMs(stamp)
  const parsed = inJson(rest) ?? inText(rest) ?? { message: rest, fields: {} }
  return atMs === undefined ? parsed : { ...parsed, atMs }
}

function stampMs(stamp: string): number | undefined {
  const ms = /^\d+\./.test(stamp)
    ? Number(stamp) * 1000
    : Date.parse(stamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'))
  return Number.isFinite(ms) ? ms : undefined
}

function inJson(text: string): LogLine | undefined {
  const json = text.startsWith('{') ? objectOr(text) : undefined
  if (json === undefined) return undefined
  if ('__REALTIME_TIMESTAMP' in json) return inJournalJson(json)
  const { level, message, time, ...others } = json
  const fields = Object.fromEntries(
    Object.entries(others).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
  const atMs = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return {
    ...(Number.isNaN(atMs) ? {} : { atMs }),
    ...(typeof level === 'string' ? { level } : {}),
    message: typeof message === 'string' ? message : '',
    fields,
  }
}

/** `journalctl -o json`: the line stands in MESSAGE, as bytes where it is no plain text; time in microseconds. */
function inJournalJson(json: Readonly<Record<string, unknown>>): LogLine {
  const { MESSAGE: message, __REALTIME_TIMESTAMP: stamp } = json
  const bytes = Array.isArray(message) ? message.filter((byte) => typeof byte === 'number') : []
  const text = typeof message === 'string' ? message : Buffer.from(bytes).toString()
  const bare = text.replace(ansi, '').trimEnd()
  const inner = bare.startsWith('{') ? objectOr(bare) : undefined
  const line = inner === undefined || '__REALTIME_TIMESTAMP' in inner ? inText(bare) : inJson(bare)
  const atMs = typeof stamp === 'string' ? Number(stamp) / 1000 : Number.NaN
  return { ...(line ?? { message: bare, fields: {} }), ...(Number.isFinite(atMs) ? { atMs } : {}) }
}

/** `3:04PM INF message key=value key="quoted value"`: it has no date, so no time is taken from it. */
function inText(text: string): LogLine | undefined {
  const [, short = '', rest] = textLine.exec(text) ?? []
  if (rest === undefined) return undefined
  const first = / [a-zA-Z_-]+=/.exec(rest)?.index ?? rest.length
  const fields: Record<string, string> = {}
  // The Raft library's lines are one message, with its own key=value inside.
  const whole = /^\[\w+\]/.test(rest)
  const end = whole ? rest.lastIndexOf(' component=') : first
  const tail = rest.slice(end === -1 ? rest.length : end)
  for (const [, key = '', quoted, plain = ''] of tail.matchAll(
    / ([a-zA-Z_-]+)=(?:("(?:[^"\\]|\\.)*")|(\S*))/g,
  )) {
    fields[key] = quoted === undefined ? plain : unquoted(quoted)
  }
  const message = rest.slice(0, end === -1 ? rest.length : end)
  const level = levels[short]
  return { ...(level === undefined ? {} : { level }), message, fields }
}

function unquoted(text: string): string {
  const value = objectOr(`{"is":${text}}`)?.['is']
  return typeof value === 'string' ? value : text.slice(1, -1)
}
