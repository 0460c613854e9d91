import { askLine, discardTypeAhead } from './prompt.ts'
import { wantsColour } from './style.ts'
import { type TerminalSettings, whyNotAsked } from './terminal-approver.ts'

/** One plain question at a terminal; null when nobody can be asked, or the answer was Ctrl-C. No gate is asked so. */
export async function askPlainly(settings: TerminalSettings, question: string): Promise<string | null> {
  const { stdin, stderr } = settings
  if (whyNotAsked(settings) !== null) return null
  try {
    if (!(await discardTypeAhead(stdin))) return null
    const line = await askLine({
      message: () => question,
      stdin,
      output: stderr,
      colour: wantsColour(stderr, settings.env, settings.color),
      signal: settings.closing,
    })
    return line.kind === 'typed' ? line.text.trim() : null
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
  }
}
