import type { Effects } from './effect.ts'
import { back } from './effects-back.ts'
import { forward } from './effects-forward.ts'

/** What each step does to the world; one that is missing here does not compile. */
export const effects: Effects = { ...forward, ...back }
