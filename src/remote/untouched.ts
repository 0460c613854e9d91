import type { Remote } from './remote.ts'

/** What a door that stands before another one leaves as it is. */
export function untouched(remote: Remote): Pick<Remote, 'name' | 'tunnel' | 'sshd' | 'close'> {
  return {
    name: remote.name,
    tunnel: (to) => remote.tunnel(to),
    sshd: () => remote.sshd(),
    close: () => remote.close(),
  }
}
