import type { Observer } from '../../src/run/observer.ts'

/** Hears everything and tells nobody; a test puts in what it wants to hear. */
export const silentObserver: Observer = {
  opened: () => undefined,
  entered: () => undefined,
  progress: () => undefined,
  passing: () => undefined,
  heights: () => undefined,
  left: () => undefined,
  failed: () => undefined,
}
