import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseUnit, type Unit } from '../evnode/unit-file.ts'

/** A unit as it was read from a host's directory. */
export interface LoadedUnit {
  readonly unit: Unit
  readonly fragmentPath: string
  readonly dropInPaths: readonly string[]
  /** Changes when any of its files does. */
  readonly stamp: string
}

/** Reads a unit and its drop-ins; undefined when there is no such unit. */
export function loadUnit(unitsDir: string, name: string): LoadedUnit | undefined {
  const fragmentPath = join(unitsDir, name)
  const text = textOf(fragmentPath)
  if (text === undefined) return undefined
  const dropIns = dropInNames(unitsDir, name).map((file) => ({
    path: join(unitsDir, `${name}.d`, file),
    name: file,
    text: textOf(join(unitsDir, `${name}.d`, file)) ?? '',
  }))
  return {
    unit: parseUnit(text, dropIns),
    fragmentPath,
    dropInPaths: dropIns.map(({ path }) => path),
    stamp: stampOf(unitsDir, name),
  }
}

/** What tells an edited unit from the one systemd has read. */
export function stampOf(unitsDir: string, name: string): string {
  const paths = [
    join(unitsDir, name),
    ...dropInNames(unitsDir, name).map((file) => join(unitsDir, `${name}.d`, file)),
  ]
  return paths
    .map((path) => {
      const found = statSync(path, { throwIfNoEntry: false, bigint: true })
      return found === undefined ? `${path} -` : `${path} ${found.mtimeNs} ${found.ino} ${found.size}`
    })
    .join('\n')
}

function dropInNames(unitsDir: string, name: string): string[] {
  try {
    return readdirSync(join(unitsDir, `${name}.d`))
      .filter((file) => file.endsWith('.conf'))
      .sort()
  } catch {
    return []
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
