import { dataDirName } from '../../evnode/home.ts'
import { lockDirOf, neverCopied } from '../../evnode/store.ts'
import type { NodeSpec } from '../../runbook/load.ts'

/** A directory of a host whose files are copied to others, and how it is kept from everybody else meanwhile. */
export interface Tree {
  /** In words: `the store`. */
  readonly what: string
  /** Absolute; the paths of a manifest are below it. */
  readonly root: string
  /** Where its files lie below the root: a name, or `.` for all of it. */
  readonly dir: string
  /** Names of files and directories that are neither listed nor copied; as `find -name` takes them, without spaces. */
  readonly leftOut: readonly string[]
  /** Absolute; who writes into the tree holds the flock of this directory. */
  readonly lock: string
  /** Name of the file, among those of the run on the host, in which digests of this tree are noted. */
  readonly marks: string
}

/** The directory whose flock is the store's lock. `check` has seen that the databases lie in `data`. */
export const lockDir = (spec: NodeSpec) => lockDirOf({ home: spec.home, dbPath: dataDirName, db: spec.db })

/** A node's store. */
export const storeTree = (spec: NodeSpec): Tree => ({
  what: 'the store',
  root: spec.home,
  dir: dataDirName,
  leftOut: neverCopied,
  lock: lockDir(spec),
  marks: 'marks',
})
