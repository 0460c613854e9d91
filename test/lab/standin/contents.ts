import { difference, manifestOf, readManifest } from '../../../src/steps/host/manifest.ts'
import { packStore } from '../../../src/steps/host/store.ts'
import { storeTree } from '../../../src/steps/host/tree.ts'
import { locally, nodeIn } from '../../steps/host/locally.ts'

const treeOf = (home: string) => storeTree({ ...nodeIn(home), home })

/** Every file of the store in a home by its content, as evha lists it on a host. */
export function contentsOf(home: string) {
  return readManifest(locally(manifestOf(treeOf(home), {})).stdout)
}

/** Files that evha would find to differ between two stores: with any, it starts nothing. */
export function differing(one: string, other: string): number {
  const { toCopy, toRemove } = difference(contentsOf(one), contentsOf(other))
  return toCopy.length + toRemove.length
}

/** Bytes that evha sends to copy the whole store of a home. */
export function packedBytes(home: string): number {
  const paths = [...contentsOf(home).keys()]
  return locally(packStore(treeOf(home), paths, true, 60_000)).stdout.length
}
