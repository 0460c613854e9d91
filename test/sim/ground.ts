import type { SimHost } from './host.ts'
import { manifest, room } from './modelled.ts'
import type { Ground, Io } from './shell/ground.ts'
import { globOf } from './shell/patterns.ts'
import { Shell } from './shell/run.ts'
import type { Soon } from './shell/soon.ts'
import type { Node } from './shell/tree.ts'
import { toolNamed } from './tools.ts'

/** A simulated host as a shell on it sees it. */
export class HostGround implements Ground {
  readonly host: SimHost
  readonly border: () => void

  constructor(host: SimHost, border: () => void) {
    this.host = host
    this.border = border
  }

  readText(path: string): string | null {
    if (path === '/proc/uptime')
      return `${((this.host.sim.timeline.now - this.host.bootedMs) / 1000).toFixed(2)} 0.00\n`
    if (path === '/proc/sys/kernel/random/boot_id') return `${this.host.bootId}\n`
    return this.host.files.read(path)
  }

  writeText(path: string, text: string, append: boolean): boolean {
    return this.host.files.write(path, text, append)
  }

  isDirectory(path: string): boolean {
    return this.host.files.isDir(path)
  }

  paths(glob: string): readonly string[] {
    const { files } = this.host
    let found = ['']
    for (const [i, name] of glob.split('/').entries()) {
      if (i === 0) continue
      const fits = globOf(name)
      found = found.flatMap((dir) =>
        files
          .list(dir === '' ? '/' : dir)
          .filter((one) => fits.test(one) && (name.startsWith('.') || !one.startsWith('.')))
          .map((one) => `${dir}/${one}`),
      )
    }
    return found
  }

  run(shell: Shell, argv: readonly string[], io: Io): Soon<number> {
    return toolNamed(this.host, argv[0] ?? '')({ host: this.host, ground: this, shell, io }, argv.slice(1))
  }

  background(shell: Shell, body: Node, io: Io): void {
    this.host.drive(
      (border) => new Shell(new HostGround(this.host, border), [], shell).body(body, io),
      () => undefined,
    )
  }

  native(name: string, args: readonly string[], io: Io): number | null {
    if (name !== 'manifest' && name !== 'room') return null
    io.out.write(name === 'room' ? room(args) : manifest(this.host, args))
    return 0
  }

  closedFile(shell: Shell, path: string): void {
    this.host.unlock(shell, path)
  }

  closed(shell: Shell): void {
    this.host.unlock(shell)
  }
}
