import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The commands of a page in docs, each as its words after `evha`: lines of its code blocks, comments left out. */
export function documented(page: string): string[][] {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', page), 'utf8')
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
  return blocks.flatMap((block) =>
    block
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n')
      .map((line) => line.replace(/\s#.*$/, '').trim())
      .filter((line) => line.startsWith('evha '))
      .map((line) => line.split(/\s+/).slice(1)),
  )
}
