import { printable } from './printable.ts'
import { withoutSecrets } from './without-secrets.ts'

/** A piece of HTML that is sound by itself. `html` makes it of text, which it escapes; by hand only from our own constants. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[]

/** HTML from a template: what is put into it is text, and is escaped, unless it is Html itself. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(pieces.map((piece, i) => piece + (i < parts.length ? textOf(parts[i]) : '')).join(''))
}

function textOf(part: Part | undefined): string {
  if (part instanceof Html) return part.text
  if (Array.isArray(part)) return part.map((one: Html) => one.text).join('')
  return escaped(String(part ?? ''))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Words from anywhere, for a page: without secrets, without what a browser obeys. Lines stay lines. */
function escaped(text: string): string {
  return withoutSecrets(text)
    .split('\n')
    .map(printable)
    .join('\n')
    .replace(/[&<>"']/g, (sign) => entities[sign] ?? '')
}

export const nothing = new Html('')
