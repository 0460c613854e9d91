import { Leaves } from './ends.ts'
import { fieldsOf, patternOf, textOf } from './expand.ts'
import type { Io } from './ground.ts'
import { globOf } from './patterns.ts'
import type { Shell } from './run.ts'
import { after, caught, type Soon, until } from './soon.ts'
import type { Case, For, If, Node, While } from './tree.ts'

/** What a script waits for in a loop comes sooner; builtins alone pass no time and no border between two commands. */
const turnsMax = 200_000

/** Runs what chooses and repeats: if, while, for, case. */
export function compound(shell: Shell, node: If | While | For | Case, io: Io, judged: boolean): Soon<number> {
  switch (node.k) {
    case 'if':
      return ifArms(shell, node, 0, io, judged)
    case 'while':
      return whileLoop(shell, node, io, judged)
    case 'for':
      return after(node.words === null ? [...shell.args] : fieldsOf(shell, node.words, io), (words) =>
        forLoop(shell, node, words, io, judged),
      )
    case 'case':
      return after(textOf(shell, node.word, io), (word) => caseArms(shell, node, 0, word, io, judged))
  }
}

function ifArms(shell: Shell, node: If, from: number, io: Io, judged: boolean): Soon<number> {
  for (let i = from; i < node.arms.length; i++) {
    const [test, body] = node.arms[i] as If['arms'][number]
    const code = shell.run(test, io, true)
    if (typeof code !== 'number')
      return after(code, (known) =>
        known === 0 ? shell.run(body, io, judged) : ifArms(shell, node, i + 1, io, judged),
      )
    if (code === 0) return shell.run(body, io, judged)
  }
  return node.other === null ? 0 : shell.run(node.other, io, judged)
}

function whileLoop(shell: Shell, node: While, io: Io, judged: boolean): Soon<number> {
  let code = 0
  let turns = 0
  return until(() =>
    after(shell.run(node.test, io, true), (test) => {
      if ((test === 0) === node.until) return code
      if (turns++ > turnsMax) throw new Error(`a loop of a script turns more than ${turnsMax} times`)
      return after(turn(shell, node.body, io, judged), (leaves) => {
        if (leaves === 'break') return code
        if (leaves !== 'continue') code = leaves
        return null
      })
    }),
  )
}

function forLoop(shell: Shell, node: For, words: readonly string[], io: Io, judged: boolean): Soon<number> {
  let code = 0
  let i = 0
  return until(() => {
    const word = words[i++]
    if (word === undefined) return code
    shell.set(node.name, word)
    return after(turn(shell, node.body, io, judged), (leaves) => {
      if (leaves === 'break') return code
      if (leaves !== 'continue') code = leaves
      return null
    })
  })
}

function caseArms(
  shell: Shell,
  node: Case,
  from: number,
  word: string,
  io: Io,
  judged: boolean,
): Soon<number> {
  for (let i = from; i < node.arms.length; i++) {
    const [pattern, body] = node.arms[i] as Case['arms'][number]
    const glob = patternOf(shell, pattern, io)
    if (typeof glob !== 'string')
      return after(glob, (known) =>
        globOf(known).test(word)
          ? shell.run(body, io, judged)
          : caseArms(shell, node, i + 1, word, io, judged),
      )
    if (globOf(glob).test(word)) return shell.run(body, io, judged)
  }
  return 0
}

function turn(shell: Shell, body: Node, io: Io, judged: boolean): Soon<number | 'break' | 'continue'> {
  return caught<number | 'break' | 'continue'>(
    () => shell.run(body, io, judged),
    (thrown) => {
      if (thrown instanceof Leaves && thrown.how !== 'return') return thrown.how
      throw thrown
    },
  )
}
