import { Secret } from '../base/secret.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { printable } from './printable.ts'
import { askLine, discardTypeAhead } from './prompt.ts'
import { paletteOf, wantsColour } from './style.ts'
import { type TerminalSettings, whyNotAsked } from './terminal-approver.ts'

/** A slip of the finger is no reason to type the whole command again. */
const triesMax = 3

/** Asks at a terminal for the passphrase of a key file; what is typed is not shown. Off a terminal nobody is asked. */
export function terminalPassphrase(settings: TerminalSettings): PassphraseOf {
  const { stdin, stderr } = settings
  const colour = wantsColour(stderr, settings.env, settings.color)
  return async (file, fits) => {
    if (whyNotAsked(settings) !== null) return null
    try {
      if (!(await discardTypeAhead(stdin))) return null
      for (let tries = 1; tries <= triesMax; tries += 1) {
        const line = await askLine({
          message: () => `passphrase of ${printable(file)}`,
          stdin,
          output: stderr,
          colour,
          hidden: true,
          signal: settings.closing,
        })
        if (line.kind !== 'typed' || line.text === '') return null
        const passphrase = new Secret(line.text)
        if (fits(passphrase)) return passphrase
        stderr.write(
          `  ${paletteOf(colour).bad('that is not its passphrase')} (${triesMax - tries} tries left)\n`,
        )
      }
      return null
    } finally {
      stdin.setRawMode(false)
      stdin.pause()
    }
  }
}
