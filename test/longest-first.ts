import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where the long tests are, longest first: on a fresh machine nothing else tells, and a long one begun last is waited for. */
const long = [
  'test/crash/',
  'test/embedded/',
  'test/sim/sim.test',
  'test/openssh/',
  'test/journal/lease',
  'test/hosts/',
  'test/lab/standin/',
  'test/remote/ssh',
  'test/machine/proof/',
]

/** Begins with the long files, so that the short ones fill what is left. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => {
      const at = long.findIndex((place) => moduleId.includes(place))
      return at === -1 ? long.length : at
    }
    return sorted
      .map((file, k) => ({ file, k }))
      .sort((a, b) => rank(a.file) - rank(b.file) || a.k - b.k)
      .map(({ file }) => file)
  }
}
