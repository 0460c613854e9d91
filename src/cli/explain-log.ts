import type { Command } from 'commander'
import { EvhaError } from '../base/errors.ts'
import { LogReader } from '../evnode/log-story.ts'
import { widthOf } from '../ui/columns.ts'
import { storyText } from '../ui/log-story-text.ts'
import { paletteOf, wantsColour } from '../ui/style.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import { eachLine } from './log-file.ts'
import type { Act } from './result.ts'

/** `evha explain-log FILE` */
export function addExplainLog(program: Command, act: Act): void {
  explain(program.command('explain-log'), "a node's log or journal in plain words, and what to do", [
    ['evha explain-log node.log', 'what the node wrote'],
    ['journalctl -u ev-node | evha explain-log -', 'what systemd kept of it'],
  ])
    .argument('<file>', 'a log of a node, or - for stdin')
    .action((file: string) =>
      act(async (shared) => {
        const reader = new LogReader()
        await eachLine(file, (line) => reader.add(line)).catch((cause: unknown) => {
          throw unreadable(file, cause)
        })
        const story = reader.story()
        const palette = paletteOf(wantsColour(process.stdout, process.env, shared.color))
        return {
          exitCode: 0,
          json: jsonOf('logStory', story),
          text: storyText(story, widthOf(process.stdout), palette),
        }
      }),
    )
}

function unreadable(file: string, cause: unknown): EvhaError {
  const code = (cause as NodeJS.ErrnoException).code
  const why =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EISDIR'
        ? 'it is a directory'
        : String(code ?? cause)
  return new EvhaError(
    {
      kind: 'usage',
      message: `${file} can not be read: ${why}`,
      changedAnything: 'no',
      retryable: false,
      hint: 'give the log of a node, or - and pipe it: journalctl -u ev-node | evha explain-log -',
    },
    { cause },
  )
}
