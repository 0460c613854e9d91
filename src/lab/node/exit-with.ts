/** The end of the process in the real node's form: the error, the usage, the error again as last line, exit 1. */
export class NodeExit extends Error {
  /** False for errors that are told by the log already and have no usage after them. */
  readonly usage: boolean

  constructor(message: string, usage = true) {
    super(message)
    this.usage = usage
  }
}

/** What the process says last. */
export function lastWords(exit: NodeExit, verb: string): string {
  if (!exit.usage) return `${exit.message}\n`
  return `Error: ${exit.message}\nUsage:\n  testapp ${verb} [flags]\n\nThis is the lab's stand-in; the flags are those of the node.\n\n${exit.message}\n`
}
