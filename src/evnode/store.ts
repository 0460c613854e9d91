/** The node's databases on disk (evnode.md A5, B 6). */

/** Names inside a database directory that are never copied: a pid, the lock itself is a flock on the directory. */
export const neverCopied = ['LOCK'] as const

/** Ending of the files that the database writes once and never again: its tables. */
export const immutableSuffix = 'sst'

/**
 * Ending of its value logs, which are numbered. It writes at the end of the newest one of a directory alone, and makes a
 * new one when that is full and whenever it opens: all older ones are done with (badger v4.5.1, value.go `open` and `write`).
 */
export const valueLogSuffix = 'vlog'

/**
 * Databases below `db_path` by the one that holds the store. The test application keeps its state in a second one,
 * which must be of the same instant (evnode.md B 6.2).
 */
export function databasesOf(db: string): readonly string[] {
  return db === 'testapp' ? ['testapp', 'executor'] : [db]
}

/** A file that every database directory has. */
export const databaseMark = 'MANIFEST'

/** The database that holds the store, of those found below `data`; null when that can not be told. */
export function storeAmong(names: readonly string[]): string | null {
  const companions = names.flatMap((name) => databasesOf(name).slice(1))
  const [first, ...more] = names.filter((name) => !companions.includes(name))
  return first !== undefined && more.length === 0 ? first : null
}

export interface StorePlace {
  /** The node's home, absolute. */
  readonly home: string
  /** `db_path` of its configuration: below home, or absolute. */
  readonly dbPath: string
  /** `testapp` or `evm-single`. */
  readonly db: string
}

/** Absolute directories of the databases; the first one holds the lock. */
export function databaseDirs({ home, dbPath, db }: StorePlace): readonly [string, ...string[]] {
  const root = (dbPath.startsWith('/') ? dbPath : `${home}/${dbPath}`).replace(/\/+$/, '')
  const [first = db, ...rest] = databasesOf(db)
  return [`${root}/${first}`, ...rest.map((name) => `${root}/${name}`)]
}

/** The directory on which the node takes its flock: whoever holds it keeps every node from opening the store. */
export function lockDirOf(place: StorePlace): string {
  return databaseDirs(place)[0]
}

/** The highest height there is. The node refuses to roll back to it and tells its own: no other number may ever stand here. */
const beyondEveryHeight = '18446744073709551615'

/** The question for a stopped store's height: a rollback that must fail, before any write (evnode.md B 5.4). */
export function offlineHeightArgv(node: {
  readonly binary: string
  readonly home: string
}): readonly [string, ...string[]] {
  return [node.binary, 'rollback', '--home', node.home, '--height', beyondEveryHeight]
}

export type OfflineHeight =
  | { readonly kind: 'height'; readonly height: number }
  /** Somebody holds the store. */
  | { readonly kind: 'locked' }
  | { readonly kind: 'unreadable'; readonly said: string }

/** What the node answered, from its output (evnode.md A6, errors seen on the real node). */
export function readOfflineHeight(output: string): OfflineHeight {
  const refusal = new RegExp(
    `current height (\\d+) is already less than or equal to rollback height ${beyondEveryHeight}`,
  )
  const height = Number(refusal.exec(output)?.[1] ?? Number.NaN)
  if (Number.isSafeInteger(height)) return { kind: 'height', height }
  if (output.includes('Cannot acquire directory lock')) return { kind: 'locked' }
  const said = output.trim().split('\n').at(-1) ?? ''
  return { kind: 'unreadable', said: said === '' ? 'it said nothing' : said.slice(0, 300) }
}
