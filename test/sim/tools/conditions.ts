import type { Call, Tools } from './call.ts'

function test(call: Call, given: readonly string[]): number {
  const { files, systemd } = call.host
  const args = given.at(-1) === ']' ? given.slice(0, -1) : given
  if (args[0] === '!') return test(call, args.slice(1)) === 0 ? 1 : 0
  const [a = '', b = '', c = ''] = args
  const yes = (holds: boolean): number => (holds ? 0 : 1)
  if (args.length <= 1) return yes(a !== '')
  if (args.length === 2) {
    const entry = files.at(b)
    switch (a) {
      case '-e': {
        const process = /^\/proc\/(\d+)$/.exec(b)?.[1]
        return yes(process === undefined ? entry !== undefined : systemd.runs(Number(process)))
      }
      case '-f':
        return yes(entry?.kind === 'file')
      case '-d':
        return yes(entry?.kind === 'dir')
      case '-s':
        return yes(entry?.kind === 'file' && entry.content !== '')
      case '-r':
      case '-w':
      case '-x':
        return yes(entry !== undefined)
      case '-L':
      case '-h':
        return yes(files.entry(b)?.kind === 'link')
      case '-n':
        return yes(b !== '')
      case '-z':
        return yes(b === '')
    }
  }
  const [one, two] = [Number(a), Number(c)]
  switch (b) {
    case '=':
      return yes(a === c)
    case '!=':
      return yes(a !== c)
    case '-eq':
      return yes(one === two)
    case '-ne':
      return yes(one !== two)
    case '-gt':
      return yes(one > two)
    case '-ge':
      return yes(one >= two)
    case '-lt':
      return yes(one < two)
    case '-le':
      return yes(one <= two)
  }
  throw new Error(`nobody has modelled test ${args.join(' ')}`)
}

/** `test`, by both of its names. */
export const conditions: Tools = {
  '[': test,
  test,
}
