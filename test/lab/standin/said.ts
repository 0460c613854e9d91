import { fixture } from '../../evnode/fixture.ts'

const rows = fixture('errors.tsv')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'))

/** Every case that was recorded on the real node, by its name. */
export const recordedCases: readonly string[] = rows.map(([name = '']) => name)

/** The last line the real node wrote in a recorded case. */
export function said(name: string): string {
  const line = rows.find(([one]) => one === name)?.[2]
  if (line === undefined) throw new Error(`no recorded case ${name}`)
  return line
}
