import { must, stuck } from '../ask.ts'
import type { Host, StepContext } from '../step.ts'
import { makeDirs } from './files.ts'

/** A file evha lays: where, with what, for whom to read. */
export interface LaidFile {
  readonly path: string
  readonly text: string
  readonly mode: number
  readonly owner: string
}

/** Lays files one after the other, directories first. */
export async function layInOrder(
  context: StepContext,
  host: Host,
  files: readonly LaidFile[],
): Promise<void> {
  const { spec, remote } = host
  const dirs = [...new Set(files.map((file) => file.path.replace(/\/[^/]*$/, '')))]
  await must(context, host, makeDirs('0755', '', dirs))
  for (const file of files) {
    const sent = await remote.send(
      { content: file.text, mode: file.mode, ...(file.owner === '' ? {} : { owner: file.owner }) },
      file.path,
      context.signal,
    )
    if (sent.kind !== 'finished' || sent.exitCode !== 0)
      throw stuck(
        `${spec.name}: ${file.path} could not be laid: ${sent.kind === 'finished' ? sent.stderr.trim() : sent.message}`,
      )
  }
}
