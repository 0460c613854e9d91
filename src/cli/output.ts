import { once } from 'node:events'

/**
 * A reader that goes away (`evha migrate | head`, a closed terminal) must not end a run in its window: what can not
 * be written any more is dropped.
 */
export function outliveReaders(): void {
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
}

/** Data, on stdout. */
export function writeData(text: string): void {
  process.stdout.write(text)
}

/** Talk, on stderr. */
export function talk(lines: readonly string[]): void {
  if (lines.length > 0) process.stderr.write(`${lines.join('\n')}\n`)
}

/** Resolves when stdout has taken everything: a process that exits earlier cuts its JSON off in a pipe. */
export async function written(): Promise<void> {
  if (process.stdout.writableLength === 0 || process.stdout.destroyed) return
  await once(process.stdout, 'drain').catch(() => undefined)
}
