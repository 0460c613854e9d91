/**
 * Text that came from a host or a file, made safe to print: one line, and nothing in it that a terminal obeys.
 * A host's output must not be able to move the cursor over what the operator is asked to confirm.
 */
export function printable(text: string): string {
  return text
    .replace(/[^\S ]+/g, ' ')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .trimEnd()
}
