type Level = 'debug' | 'info' | 'warn' | 'error'
type Fields = Readonly<Record<string, unknown>>

const order: readonly Level[] = ['debug', 'info', 'warn', 'error']
const short: Readonly<Record<Level, string>> = { debug: 'DBG', info: 'INF', warn: 'WRN', error: 'ERR' }

const colours: Readonly<Record<Level, number>> = { debug: 0, info: 32, warn: 33, error: 31 }

/** Where log lines go: stderr of the process, or a test. */
export interface LogSink {
  readonly format: string
  readonly level: string
  readonly write: (line: string) => void
}

/**
 * The node's log: JSON lines with `component` once or twice, or the coloured text format (evnode.md B 7.4). Every
 * line has whole seconds, as the node writes them.
 */
export class Logger {
  readonly #sink: LogSink
  readonly #components: readonly string[]

  constructor(sink: LogSink, components: readonly string[] = ['main']) {
    this.#sink = sink
    this.#components = components
  }

  /** A logger whose lines name a component, beside those it names already. */
  of(component: string): Logger {
    return new Logger(this.#sink, [...this.#components, component])
  }

  debug(message: string, fields: Fields = {}): void {
    this.#line('debug', message, fields)
  }

  info(message: string, fields: Fields = {}): void {
    this.#line('info', message, fields)
  }

  warn(message: string, fields: Fields = {}): void {
    this.#line('warn', message, fields)
  }

  error(message: string, fields: Fields = {}): void {
    this.#line('error', message, fields)
  }

  /** A line of the Raft library: its level stands inside the message, and it is always written. */
  raft(level: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR', message: string): void {
    this.#write(undefined, `[${level}] ${level.length === 4 ? ' ' : ''}raft: ${message}`, {})
  }

  /** A line as it stands. */
  plain(text: string): void {
    this.#sink.write(`${text}\n`)
  }

  #line(level: Level, message: string, fields: Fields): void {
    const least = order.indexOf(this.#sink.level as Level)
    if (order.indexOf(level) >= (least === -1 ? 1 : least)) this.#write(level, message, fields)
  }

  #write(level: Level | undefined, message: string, fields: Fields): void {
    const line =
      this.#sink.format === 'json' ? this.#json(level, message, fields) : this.#text(level, message, fields)
    this.#sink.write(`${line}\n`)
  }

  #json(level: Level | undefined, message: string, fields: Fields): string {
    const pairs = [
      ...(level === undefined ? [] : [['level', level] as const]),
      ...this.#components.map((component) => ['component', component] as const),
      ...Object.entries(fields),
      ['time', `${new Date().toISOString().slice(0, 19)}Z`] as const,
      ['message', message] as const,
    ]
    return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`
  }

  #text(level: Level | undefined, message: string, fields: Fields): string {
    const now = new Date()
    const hours = now.getHours()
    const clock = `${hours % 12 || 12}:${String(now.getMinutes()).padStart(2, '0')}${hours < 12 ? 'AM' : 'PM'}`
    const all = { ...fields, component: this.#components.at(-1) }
    const tail = Object.entries(all)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ` ${coloured(36, `${key}=`)}${shown(value)}`)
    const named = level === undefined ? '???' : coloured(colours[level], short[level])
    const said = level === undefined || level === 'debug' ? message : coloured(1, message)
    return `${coloured(90, clock)} ${named} ${said}${tail.join('')}`
  }
}

function coloured(code: number, text: string): string {
  return `\u001b[${code}m${text}\u001b[0m`
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[^\s"=]*$/.test(value) && value !== '' ? value : JSON.stringify(value)
}
