/** Writes lines as the node does: zerolog's JSON, or its text form, to stderr. */
export interface Logger {
  log(
    level: 'info' | 'warn' | 'error',
    message: string,
    fields?: Readonly<Record<string, unknown>>,
    component?: string,
  ): void
  /** A line of the Raft library: no level, its own inside the message (recorded). */
  raft(message: string): void
}

const short = { info: 'INF', warn: 'WRN', error: 'ERR' } as const

export function logger(format: string): Logger {
  const write = (text: string) => process.stderr.write(`${text}\n`)
  const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  if (format === 'json')
    return {
      log: (level, message, fields = {}, component = 'main') =>
        // The node repeats the key `component`; JSON of this language can not, so the inner one stands.
        write(JSON.stringify({ level, component, ...fields, time: now(), message })),
      raft: (message) => write(JSON.stringify({ component: 'raft-hashicorp', time: now(), message })),
    }
  const clock = () =>
    new Date().toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' }).replace(/\s/, '')
  const field = ([key, value]: [string, unknown]) =>
    ` ${key}=${typeof value === 'string' && /[\s"=]/.test(value) ? JSON.stringify(value) : value}`
  return {
    log: (level, message, fields = {}, component = 'main') =>
      write(
        `${clock()} ${short[level]} ${message}${Object.entries({ ...fields, component })
          .map(field)
          .join('')}`,
      ),
    raft: (message) => write(`${clock()} ??? ${message} component=raft-hashicorp`),
  }
}
