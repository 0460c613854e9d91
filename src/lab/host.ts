import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseUnit } from '../evnode/unit.ts'
import { writeJournal } from './journal-files.ts'
import { hostEnvironment, hostFiles } from './layout.ts'
import { processesMarked } from './marked-processes.ts'
import { Service } from './service.ts'
import { loadUnit, stampOf } from './unit-text.ts'

const wants = 'multi-user.target.wants'

/** The service manager of one host: units read from its directory, services run on this machine. */
export class Host {
  readonly name: string
  readonly dir: string
  readonly #socket: string
  readonly #extraEnv: Readonly<Record<string, string>>
  readonly #services = new Map<string, Service>()
  bootId = randomBytes(16).toString('hex')

  constructor(name: string, dir: string, socket: string, extraEnv: Readonly<Record<string, string>>) {
    this.name = name
    this.dir = dir
    this.#socket = socket
    this.#extraEnv = extraEnv
  }

  get files() {
    return hostFiles(this.dir)
  }

  /** The unit's service, loaded on first use; undefined when there is no such unit. */
  service(name: string): Service | undefined {
    const known = this.#services.get(name)
    if (known !== undefined) return known
    const loaded = loadUnit(this.files.units, name)
    if (loaded === undefined) return undefined
    const service = new Service(name, loaded, this.#around(name))
    this.#services.set(name, service)
    return service
  }

  /** A unit without a file, as systemd-run makes it; one that has ended gives its name free. */
  transient(name: string, text: string): Service | undefined {
    const before = this.#services.get(name)
    if (before !== undefined && before.active !== 'inactive' && before.active !== 'failed') return undefined
    const service = new Service(
      name,
      { unit: parseUnit(text), fragmentPath: '', dropInPaths: [], stamp: '' },
      this.#around(name),
    )
    this.#services.set(name, service)
    return service
  }

  /** Services that have a unit file here, by name. */
  serviceNames(): string[] {
    const { units } = this.files
    if (!existsSync(units)) return []
    return readdirSync(units)
      .filter((name) => name.endsWith('.service'))
      .sort()
  }

  reload(): void {
    for (const [name, service] of this.#services) {
      const loaded = loadUnit(this.files.units, name)
      if (loaded !== undefined) service.loaded = loaded
      // A unit whose file is gone lives on while its process does.
      else if (service.loaded.fragmentPath !== '' && service.mainPid === 0) this.#services.delete(name)
    }
  }

  needsReload(service: Service): boolean {
    return (
      service.loaded.fragmentPath !== '' && stampOf(this.files.units, service.name) !== service.loaded.stamp
    )
  }

  wantsLink(name: string): string {
    return join(this.files.units, wants, name)
  }

  isEnabled(name: string): boolean {
    return existsSync(this.wantsLink(name)) || isLink(this.files.units, name)
  }

  /** Enabled units start, as at boot. */
  async boot(): Promise<void> {
    const dir = join(this.files.units, wants)
    const names = existsSync(dir) ? readdirSync(dir) : []
    await Promise.all(names.map((name) => this.service(name)?.start()))
  }

  /** Everything on the host dies and what does not survive a reboot is gone. */
  async powerOff(): Promise<void> {
    await Promise.all([...this.#services.values()].map((service) => service.powerOff()))
    for (const pid of processesMarked(this.#socket, this.name)) kill(pid)
    this.#services.clear()
    rmSync(this.files.run, { recursive: true, force: true })
    mkdirSync(this.files.run)
    this.bootId = randomBytes(16).toString('hex')
  }

  async reboot(): Promise<void> {
    await this.powerOff()
    await this.boot()
  }

  #around(unit: string) {
    return {
      env: {
        ...hostEnvironment(this.name, this.dir, this.#socket),
        ...this.#extraEnv,
        EVHA_STANDIN_SIGNED: this.files.signed,
      },
      cwd: this.dir,
      log: (line: { invocation: string; pid: number; tag: string; message: string }) =>
        writeJournal(this.files.journal, {
          at: Math.round((performance.timeOrigin + performance.now()) * 1000),
          unit,
          ...line,
        }),
    }
  }
}

function isLink(dir: string, name: string): boolean {
  return (
    existsSync(dir) &&
    readdirSync(join(dir), { withFileTypes: true }).some(
      (entry) => entry.name === name && entry.isSymbolicLink(),
    )
  )
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}
