/** What a shim's command answers. */
export interface Answer {
  readonly stdout: string
  readonly stderr: string
  readonly exit: number
}

export const ok = (stdout = ''): Answer => ({ stdout, stderr: '', exit: 0 })
export const fails = (exit: number, stderr: string, stdout = ''): Answer => ({ stdout, stderr, exit })
