import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml'
import { EvhaError } from '../base/errors.ts'
import { remembering } from './remembering.ts'

/** A value of evnode.yaml, by its dotted key, such as `raft.enable`. */
export type ConfigValue = string | number | boolean
export type ConfigChanges = Readonly<Record<string, ConfigValue>>

/** The text of an evnode.yaml as a document; its keys count in any case, as the node reads them. Throws EvhaError (usage). */
export function configDocument(text: string): Document.Parsed {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error !== undefined) throw unreadable(error.message.split('\n')[0] ?? '')
  if (document.contents !== null && !isMap(document.contents)) throw unreadable('it is not a list of keys')
  return document
}

function unreadable(why: string): EvhaError {
  return new EvhaError({
    kind: 'usage',
    message: `evnode.yaml can not be read: ${why}`,
    changedAnything: 'no',
    retryable: false,
    hint: 'mend config/evnode.yaml of the sequencer, then try again',
  })
}

function spelledAs(map: YAMLMap, key: string): string {
  const found = map.items
    .map(({ key: one }) => (isScalar(one) ? String(one.value) : ''))
    .find((one) => one.toLowerCase() === key)
  return found ?? key
}

/** The path of a dotted key, spelled as the document spells it. */
function pathOf(document: Document, key: string): string[] {
  const path: string[] = []
  let map: unknown = document.contents
  for (const part of key.split('.')) {
    const name: string = isMap(map) ? spelledAs(map as YAMLMap, part) : part
    path.push(name)
    map = isMap(map) ? map.get(name, true) : undefined
  }
  return path
}

/** The value of a dotted key; undefined when it is absent or empty. */
export function valueAt(document: Document, key: string): unknown {
  const path = pathOf(document, key)
  if (path.slice(0, -1).some((_, index) => !isMap(document.getIn(path.slice(0, index + 1), true)))) {
    return undefined
  }
  return document.getIn(path) ?? undefined
}

function setAt(document: Document, key: string, value: ConfigValue | readonly string[]): void {
  const path = pathOf(document, key)
  for (let length = 1; length < path.length; length += 1) {
    const section = path.slice(0, length)
    // An empty section (`raft:`) is a null, which cannot take keys.
    if (document.hasIn(section) && !isMap(document.getIn(section, true))) {
      document.setIn(section, document.createNode({}))
    }
  }
  document.setIn(path, typeof value === 'object' ? document.createNode(value) : value)
}

/** What evha may change in a node's configuration; everything else stays as the operator wrote it. */
const ours = /^(raft\.\w+|node\.\w+|da\.\w+|p2p\.listen_address|p2p\.peers|rpc\.address|signer\.signer_path)$/

export interface Merged {
  readonly text: string
  /** One line `key: old -> new` for each value that differs. */
  readonly diff: readonly string[]
}

/**
 * The configuration with some values changed; comments, order and everything else are kept. Text given for a key that
 * holds a number, true/false or a list becomes one, so that values taken from flags fit. Throws EvhaError (usage).
 */
export const mergeConfig = remembering((sourceYaml: string, changes: ConfigChanges): Merged => {
  const document = configDocument(sourceYaml)
  const diff: string[] = []
  for (const [key, wanted] of Object.entries(changes)) {
    if (!ours.test(key)) throw new Error(`evha does not touch ${key} of evnode.yaml`)
    const found = valueAt(document, key)
    const old = isSeq(found) ? (found.toJSON() as unknown) : found
    const value = alike(old, wanted)
    if (JSON.stringify(old) === JSON.stringify(value)) continue
    setAt(document, key, value)
    diff.push(`${key}: ${shown(key, old)} -> ${shown(key, value)}`)
  }
  return diff.length === 0
    ? { text: sourceYaml, diff }
    : { text: document.toString({ lineWidth: 0, flowCollectionPadding: false }), diff }
})

function alike(old: unknown, wanted: ConfigValue): ConfigValue | readonly string[] {
  if (typeof wanted !== 'string') return wanted
  if (Array.isArray(old)) return wanted.split(',').filter((entry) => entry !== '')
  if (typeof old === 'boolean' && (wanted === 'true' || wanted === 'false')) return wanted === 'true'
  if (typeof old === 'number' && /^\d+(\.\d+)?$/.test(wanted)) return Number(wanted)
  return wanted
}

function shown(key: string, value: unknown): string {
  if (key === 'da.auth_token' && value !== undefined && value !== '') return '[redacted]'
  if (value === undefined) return '(absent)'
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}
