import { digestOf } from '../files.ts'
import { sha256 } from '../sha256.ts'
import { type Call, complain, split, type Tools } from './call.ts'

function grep(call: Call, args: readonly string[]): number {
  const { options, names } = split(args)
  const [pattern = '', ...files] = names
  const special = options.some((option) => option.includes('F')) ? /[.*+?^${}()|[\]\\]/g : /[|+?(){}]/g
  const regex = new RegExp(pattern.replace(special, '\\$&'), 'm')
  const texts = files.length === 0 ? [call.io.stdin.text] : files.map((file) => call.host.files.read(file))
  if (texts.some((text) => text === null)) return 2
  const lines = texts
    .flatMap((text) => (text ?? '').split('\n'))
    .filter((line) => line !== '' && regex.test(line))
  if (!options.some((option) => option.includes('q')))
    for (const line of lines) call.io.out.write(`${line}\n`)
  return lines.length > 0 ? 0 : 1
}

function sed(call: Call, args: readonly string[]): number {
  const [, expression = '', file = ''] = args
  const lead = /^s\/\^([A-Za-z]+=)\/\/p$/.exec(expression)?.[1]
  if (lead !== undefined && file === '') {
    for (const line of call.io.stdin.text.split('\n'))
      if (line.startsWith(lead)) call.io.out.write(`${line.slice(lead.length)}\n`)
    return 0
  }
  if (!expression.includes('"pub_key"')) throw new Error(`nobody has modelled sed ${args.join(' ')}`)
  const text = call.host.files.read(file)
  if (text === null) return complain(call, `sed: can't read ${file}: No such file or directory`) && 2
  const lines = text.split('\n')
  for (const [k, line] of lines.entries()) {
    const found = /.*"pub_key"\s*:\s*"([^"]*)".*/.exec(line)
    // A last line without its newline is printed without one.
    if (found !== null) call.io.out.write(`${found[1]}${k === lines.length - 1 ? '' : '\n'}`)
  }
  return 0
}

/** What reads texts, and prints something of them. */
export const textTools: Tools = {
  cat: (call, args) => {
    const { names } = split(args)
    if (names.length === 0) {
      call.io.out.write(call.io.stdin.text)
      call.io.stdin.text = ''
    }
    for (const name of names) {
      const text = call.host.files.read(name)
      if (text === null) return complain(call, `cat: ${name}: No such file or directory`)
      call.io.out.write(text)
    }
    return 0
  },
  head: (call, args) => {
    const [option, bytes = '0', file] = args
    if (option !== '-c') throw new Error(`nobody has modelled head ${args.join(' ')}`)
    const text = Buffer.from(file === undefined ? call.io.stdin.text : (call.host.files.read(file) ?? ''))
    call.io.out.write(text.subarray(0, Number(bytes)).toString())
    if (file === undefined) call.io.stdin.text = text.subarray(Number(bytes)).toString()
    return 0
  },
  tail: (call, args) => {
    const text = call.host.files.read(args[2] ?? '')
    if (args[0] === '-c' && args[1]?.startsWith('+') === true && text !== null) {
      call.io.out.write(
        Buffer.from(text)
          .subarray(Number(args[1].slice(1)) - 1)
          .toString(),
      )
      return 0
    }
    if (args[0] !== '-n' || text === null) return complain(call, `tail: cannot open '${args[2]}'`)
    call.io.out.write(
      text
        .split('\n')
        .slice(-Number(args[1]) - 1)
        .join('\n'),
    )
    return 0
  },
  grep,
  sed,
  base64: (call) => {
    call.io.out.write(Buffer.from(call.io.stdin.text).toString('base64'))
    call.io.stdin.text = ''
    return 0
  },
  sha256sum: (call, args) => {
    const { names } = split(args)
    if (names.length === 0) {
      const { text, path = '' } = call.io.stdin
      const file = call.host.files.at(path)
      call.io.out.write(`${file?.content === text ? digestOf(file) : sha256(text)}  -\n`)
      call.io.stdin.text = ''
    }
    for (const name of names) {
      const text = call.host.files.read(name)
      if (text === null) return complain(call, `sha256sum: ${name}: No such file or directory`)
      call.io.out.write(`${sha256(text)}  ${name}\n`)
    }
    return 0
  },
}
