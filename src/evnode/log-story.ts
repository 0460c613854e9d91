import { explainError, type KnownError } from './errors.ts'
import { saysOf } from './event-words.ts'
import { type LogLine, readLogLine } from './log-line.ts'
import { type LogMeaning, meaningOf } from './logs.ts'

/** Something that happened, or went on for a while: blocks in a row are one entry. */
export interface Happening {
  /** Milliseconds since 1970; absent where the log carries no dates. */
  readonly atMs?: number
  readonly says: string
}

/** A known error of the node, told once however often it stands in the log. */
export interface ErrorSeen extends KnownError {
  readonly line: string
  readonly count: number
  readonly firstAtMs?: number
  readonly lastAtMs?: number
}

/** A line of level error or above that nothing is known of. */
export interface LineSeen {
  readonly line: string
  readonly count: number
}

export interface LogStory {
  readonly lines: number
  /** Lines that no format fits: other programs, or no text at all. */
  readonly foreign: number
  readonly fromMs?: number
  readonly toMs?: number
  readonly starts: number
  readonly produced: { readonly from: number; readonly to: number; readonly count: number } | null
  /** Heights this node produced a second time: two signatures for one height, unless the first block was lost. */
  readonly producedTwice: readonly number[]
  readonly happenings: readonly Happening[]
  /** Entries between the first and the last ones that were left out. */
  readonly leftOut: number
  readonly errors: readonly ErrorSeen[]
  readonly unexplained: readonly LineSeen[]
  readonly next: string
}

const keptAtEachEnd = 40
const linesKept = 20
const lineCharsMax = 300
const saysCharsMax = 1_000

interface Counted {
  line: string
  count: number
  firstAtMs: number | undefined
  lastAtMs: number | undefined
}

/** Reads a node's log line by line and keeps only what is worth telling: its memory does not grow with the log. */
export class LogReader {
  #lines = 0
  #foreign = 0
  #usage = 0
  #fromMs: number | undefined
  #toMs: number | undefined
  #starts = 0
  #isUp = false
  #last: LogMeaning | undefined
  #lastBlock: number | undefined
  #produced: { from: number; to: number; count: number } | null = null
  readonly #twice = new Set<number>()
  readonly #first: Happening[] = []
  readonly #latest: Happening[] = []
  #leftOut = 0
  #open: { kind: 'produced' | 'syncing'; atMs: number | undefined; from: number; to: number } | undefined
  readonly #errors = new Map<KnownError, Counted>()
  readonly #unexplained = new Map<string, Counted>()

  add(text: string): void {
    if (text.trim() === '') return
    this.#lines += 1
    const line = readLogLine(text)
    if (line.atMs !== undefined) {
      this.#fromMs ??= line.atMs
      this.#toMs = line.atMs
    }
    const meaning = meaningOf(line)
    if (meaning !== undefined) this.#happened(meaning, line.atMs)
    else if (isUsage(text)) this.#usage += 1
    else if (line.level === undefined && Object.keys(line.fields).length === 0) this.#foreign += 1
    this.#explain(line)
  }

  story(): LogStory {
    this.#close()
    const errors = [...this.#errors].map(([known, { line, count, firstAtMs, lastAtMs }]) => ({
      ...known,
      line,
      count,
      ...(firstAtMs === undefined ? {} : { firstAtMs }),
      ...(lastAtMs === undefined ? {} : { lastAtMs }),
    }))
    return {
      lines: this.#lines,
      foreign: this.#foreign,
      ...(this.#fromMs === undefined ? {} : { fromMs: this.#fromMs }),
      ...(this.#toMs === undefined ? {} : { toMs: this.#toMs }),
      starts: this.#starts,
      produced: this.#produced,
      producedTwice: [...this.#twice].slice(0, linesKept),
      happenings: [...this.#first, ...this.#latest],
      leftOut: this.#leftOut,
      errors,
      unexplained: [...this.#unexplained.values()]
        .sort((one, other) => other.count - one.count)
        .slice(0, linesKept)
        .map(({ line, count }) => ({ line, count })),
      next: this.#next(errors),
    }
  }

  #happened(meaning: LogMeaning, atMs: number | undefined): void {
    if (meaning.kind === 'produced') this.#note(meaning.height)
    if (meaning.kind === 'produced' || meaning.kind === 'syncing') {
      this.#block(meaning, atMs)
      return
    }
    const says = saysOf(meaning)
    if (isStart(meaning) && !this.#isUp) {
      this.#isUp = true
      this.#starts += 1
    }
    if (isEnd(meaning)) this.#isUp = false
    if (says === null) return
    this.#last = meaning
    this.#close()
    this.#tell({ ...(atMs === undefined ? {} : { atMs }), says })
  }

  /** Blocks of one kind in a row are one entry, told when something else comes. */
  #block(meaning: Extract<LogMeaning, { kind: 'produced' | 'syncing' }>, atMs: number | undefined): void {
    this.#last = meaning
    const { kind, height } = meaning
    if (this.#open?.kind === kind && height > this.#open.to) {
      this.#open.to = height
      return
    }
    this.#close()
    this.#open = { kind, atMs, from: height, to: height }
  }

  #close(): void {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    const blocks = open.from === open.to ? `block ${open.from}` : `blocks ${open.from} to ${open.to}`
    const says = open.kind === 'produced' ? `produced ${blocks}` : `took over ${blocks} from the others`
    this.#tell({ ...(open.atMs === undefined ? {} : { atMs: open.atMs }), says })
  }

  #note(height: number): void {
    if (this.#lastBlock !== undefined && height <= this.#lastBlock && this.#twice.size < linesKept)
      this.#twice.add(height)
    this.#lastBlock = Math.max(height, this.#lastBlock ?? 0)
    const { from = height, to = height, count = 0 } = this.#produced ?? {}
    this.#produced = { from: Math.min(from, height), to: Math.max(to, height), count: count + 1 }
  }

  #tell(happening: Happening): void {
    const before = this.#latest.at(-1) ?? this.#first.at(-1)
    const kept = { ...happening, says: cut(happening.says, saysCharsMax) }
    if (before?.says === kept.says) return
    if (this.#first.length < keptAtEachEnd) this.#first.push(kept)
    else this.#latest.push(kept)
    if (this.#latest.length <= keptAtEachEnd) return
    this.#latest.shift()
    this.#leftOut += 1
  }

  #explain(line: LogLine): void {
    if (quiet.test(line.message) || line.level === 'info' || line.level === 'debug' || line.level === 'trace')
      return
    const error = line.fields['error'] ?? line.fields['err'] ?? ''
    const text = `${line.message}${error === '' ? '' : `: ${error}`}`
    const known = explainError(text)
    if (known !== undefined) {
      count(this.#errors, known, text, line.atMs)
      return
    }
    const isBad = line.level === 'error' || line.level === 'fatal' || line.level === 'panic'
    if (!isBad && !/^(Error:|panic:|fatal error:)/.test(line.message)) return
    const key = cut(text.replace(/[0-9a-f]{16,}|\d+/gi, '#'), lineCharsMax)
    if (this.#unexplained.has(key) || this.#unexplained.size < 500)
      count(this.#unexplained, key, text, line.atMs)
  }

  #next(errors: readonly ErrorSeen[]): string {
    if (this.#twice.size > 0)
      return 'a height was produced twice here: stop every node, and compare the hashes of these heights on all of them before anything starts again'
    const last = this.#last
    if (last === undefined && this.#usage > 0)
      return 'the node printed its flags because it ended with an error: the line `Error: …` stands above them; give more of the log'
    if (last === undefined)
      return 'nothing of a node was found: give its log, or the output of `journalctl -u UNIT`'
    const worst = [...errors].sort((one, other) => (other.lastAtMs ?? 0) - (one.lastAtMs ?? 0))[0]
    if (last.kind === 'fatal') {
      const known = explainError(last.error)
      if (known !== undefined) return known.cure
      return 'the node ended with an error that is not known here: read the last lines, and compare the binaries and the config of the nodes'
    }
    if (last.kind === 'halted') return 'the node was stopped cleanly: start it when it shall run'
    if (last.kind === 'leaderLockLost')
      return 'a leader that stops exits 1 by design: systemd starts it again; nothing to do'
    if (last.kind === 'produced' || last.kind === 'syncing')
      return worst === undefined
        ? 'it works at the end of this log: nothing to do'
        : `it works at the end of this log; what it met before: ${worst.cure}`
    return worst?.cure ?? 'no error is known in this log: see whether later lines tell more'
  }
}

function count<Key>(map: Map<Key, Counted>, key: Key, line: string, atMs: number | undefined): void {
  const seen = map.get(key) ?? {
    line: cut(line, lineCharsMax),
    count: 0,
    firstAtMs: atMs,
    lastAtMs: atMs,
  }
  seen.count += 1
  seen.lastAtMs = atMs ?? seen.lastAtMs
  map.set(key, seen)
}

/** The beginning of a text, as a copy: a slice would keep the whole line in memory. */
function cut(text: string, charsMax: number): string {
  return Buffer.from(text.slice(0, charsMax)).toString()
}

/** After an error at the start the node prints all its flags, often more of them than a log keeps. */
const isUsage = (text: string) => /^ +(-\w, )?--[a-z][\w.-]* /.test(text)

/** Most lines of the Raft library carry their level in the message. */
const quiet = /^\[(INFO|DEBUG|TRACE)\]/

const isStart = ({ kind }: LogMeaning) =>
  kind === 'raftInitialized' || kind === 'initialized' || kind === 'configuration' || kind === 'rpcStarted'
const isEnd = ({ kind }: LogMeaning) => kind === 'halted' || kind === 'fatal' || kind === 'leaderLockLost'
