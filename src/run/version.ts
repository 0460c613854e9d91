import { readFileSync } from 'node:fs'

/** The version in package.json: the same file from `src` and from `dist`. */
export const evhaVersion: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version
