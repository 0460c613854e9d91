import { type Answer, ok } from './answer.ts'
import type { Host } from './host.ts'
import { type JournalLine, readJournalLines } from './journal-files.ts'

/** `journalctl` with the filters and formats evha uses: -u, an invocation, -n, --since, -o cat|json|short-iso|short-unix. */
export function journalctl(host: Host, argv: readonly string[]): Answer {
  const value = (short: string, long: string) => {
    const at = argv.findIndex((word) => word === short || word === long)
    return at === -1 ? argv.find((word) => word.startsWith(`${long}=`))?.slice(long.length + 1) : argv[at + 1]
  }
  const match = argv
    .map((word) => /^_SYSTEMD_INVOCATION_ID=(.*)$/.exec(word)?.[1])
    .find((one) => one !== undefined)
  const unit = value('-u', '--unit')
  const count = Number(value('-n', '--lines') ?? Number.MAX_SAFE_INTEGER)
  const since = value('-S', '--since')
  const sinceAt = since === undefined ? 0 : sinceMicros(since)
  const named = unit === undefined || unit.includes('.') ? unit : `${unit}.service`
  const lines = readJournalLines(host.files.journal, named)
    .filter((line) => line.at >= sinceAt && (match === undefined || line.invocation === match))
    .slice(-count)
  const format = value('-o', '--output') ?? 'short-iso'
  return ok(lines.map((line) => `${formatted(line, format, host.name)}\n`).join(''))
}

function sinceMicros(text: string): number {
  return text.startsWith('@') ? Number(text.slice(1)) * 1_000_000 : Date.parse(text) * 1000
}

function formatted(line: JournalLine, format: string, host: string): string {
  switch (format) {
    case 'cat':
      return line.message
    case 'json':
      return JSON.stringify({
        __REALTIME_TIMESTAMP: String(line.at),
        _SYSTEMD_UNIT: line.unit,
        _SYSTEMD_INVOCATION_ID: line.invocation,
        _PID: String(line.pid),
        MESSAGE: line.message,
      })
    case 'short-unix': {
      const seconds = Math.floor(line.at / 1_000_000)
      const micros = String(line.at % 1_000_000).padStart(6, '0')
      return `${seconds}.${micros} ${host} ${line.tag}: ${line.message}`
    }
    default:
      return `${new Date(line.at / 1000).toISOString().replace(/\.\d+Z$/, '+0000')} ${host} ${line.tag}: ${line.message}`
  }
}
