/** Thrown by `exit`. No Error: nobody asks where in the simulation a script ended, and a stack costs. */
export class Ends {
  readonly code: number
  constructor(code: number) {
    this.code = code
  }
}

/** Thrown by what leaves a loop or a function. */
export class Leaves {
  readonly how: 'break' | 'continue' | 'return'
  readonly code: number
  constructor(how: Leaves['how'], code = 0) {
    this.how = how
    this.code = code
  }
}

/** The exit code of a process that this was thrown through; what else is thrown goes on. */
export function codeOf(thrown: unknown): number {
  if (thrown instanceof Ends || thrown instanceof Leaves) return thrown.code
  throw thrown
}
