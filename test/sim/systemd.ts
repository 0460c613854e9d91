import { nodeCommand, parseUnit, type Unit, unitList, unitValue } from '../../src/evnode/unit.ts'
import { pathsHold as holdsIn } from './assertions.ts'
import { parentOf } from './files.ts'
import type { SimHost } from './host.ts'
import { type Running, spawn } from './programs.ts'

interface Loaded {
  readonly unit: Unit
  readonly fragment: string
  readonly dropIns: readonly string[]
  readonly texts: string
}

const parsedUnits = new Map<string, Unit>()

/** One unit as systemd knows it. */
export class Service {
  readonly name: string
  loaded: Loaded | null = null
  /** A transient one has its argv from systemd-run. */
  argv: readonly string[] | null = null
  isolated = false
  active = 'inactive'
  result = 'success'
  status = 0
  invocation = ''
  process: Running | null = null
  restartOff: (() => void) | null = null
  stopAsked = false
  runtimeOff: (() => void) | null = null

  constructor(name: string) {
    this.name = name
  }

  get isUp(): boolean {
    return this.active !== 'inactive' && this.active !== 'failed'
  }
}

/** The part of systemd that evha leans on: units, drop-ins, asserts, restarts, transient units. */
export class Systemd {
  readonly services = new Map<string, Service>()
  readonly #host: SimHost
  #invocations = 0

  constructor(host: SimHost) {
    this.#host = host
  }

  service(name: string): Service | null {
    const known = this.services.get(name)
    if (known !== undefined) return known
    const loaded = this.#read(name)
    if (loaded === null) return null
    const service = new Service(name)
    service.loaded = loaded
    this.services.set(name, service)
    return service
  }

  reload(): void {
    for (const [name, service] of this.services) {
      if (service.argv !== null) continue
      const loaded = this.#read(name)
      if (loaded !== null) service.loaded = loaded
      else if (!service.isUp) this.services.delete(name)
    }
  }

  needsReload(service: Service): boolean {
    if (service.argv !== null) return false
    return (this.#read(service.name)?.texts ?? '') !== (service.loaded?.texts ?? '')
  }

  /** True while the process of a unit runs. */
  runs(pid: number): boolean {
    return [...this.services.values()].some(({ process }) => process?.pid === pid)
  }

  isEnabled(name: string): boolean {
    return this.#host.files.entry(this.#wants(name)) !== undefined
  }

  enable(name: string): void {
    this.#host.files.makeDirs(parentOf(this.#wants(name)))
    this.#host.files.symlink(`${this.#host.spec.paths.units}/${name}`, this.#wants(name))
  }

  disable(name: string): void {
    this.#host.files.remove(this.#wants(name))
  }

  /** '' when it was started, else why systemctl refuses. */
  start(service: Service): string {
    if (service.isUp) return ''
    service.restartOff?.()
    service.restartOff = null
    const unit = service.loaded?.unit
    if (unit !== undefined && !holdsIn(unit, 'AssertPathExists', (path) => this.#host.files.exists(path)))
      return `Assertion failed on job for ${service.name}.`
    // A condition that does not hold is no failure.
    if (unit !== undefined && !holdsIn(unit, 'ConditionPathExists', (path) => this.#host.files.exists(path)))
      return ''
    // systemd reads a file anew where it never saw the unit; an edited one it keeps as it was read.
    const argv = service.argv ?? argvOf(unit)
    if (argv === null) return `Unit ${service.name} has no command.`
    service.invocation = `${this.#host.bootId.slice(0, 16)}${String(++this.#invocations).padStart(16, '0')}`
    service.active = 'active'
    service.result = 'success'
    service.status = 0
    service.stopAsked = false
    service.process = spawn(this.#host, {
      argv,
      invocation: service.invocation,
      isolated: service.isolated,
      exited: (code) => this.#exited(service, code),
    })
    return ''
  }

  /** Asks it to end; `active` says when it did. */
  stop(service: Service): void {
    if (service.isUp) this.#host.sim.judge.stops(this.#host, service.name)
    service.stopAsked = true
    service.restartOff?.()
    service.restartOff = null
    if (service.process === null) {
      if (service.active === 'activating') service.active = 'inactive'
      return
    }
    service.active = 'deactivating'
    service.process.term()
  }

  kill(service: Service): void {
    service.process?.kill()
  }

  transient(name: string, argv: readonly string[], isolated: boolean, maxMs: number | null): string {
    const there = this.services.get(name)
    if (there !== undefined && (there.isUp || there.active === 'failed'))
      return `Unit ${name} was already loaded.`
    const service = new Service(name)
    service.argv = argv
    service.isolated = isolated
    this.services.set(name, service)
    const why = this.start(service)
    if (maxMs !== null) service.runtimeOff = this.#host.in(maxMs, () => this.stop(service))
    return why
  }

  resetFailed(service: Service): void {
    if (service.active === 'failed') service.active = 'inactive'
    this.#forget(service)
  }

  vanish(): void {
    for (const service of this.services.values()) {
      service.process?.vanish()
      service.restartOff?.()
    }
    this.services.clear()
  }

  boot(): void {
    const { files, spec } = this.#host
    for (const name of files.list(parentOf(this.#wants('x')))) {
      const service = this.service(name)
      if (service !== null && files.exists(`${spec.paths.units}/${name}`)) this.start(service)
    }
  }

  #exited(service: Service, code: number | null): void {
    service.process = null
    service.runtimeOff?.()
    service.status = code ?? 9
    const bad = code !== 0 && !(code === null && service.stopAsked)
    service.result = code === null ? 'signal' : code === 0 ? 'success' : 'exit-code'
    service.active = bad ? 'failed' : 'inactive'
    if (service.argv !== null) {
      this.#forget(service)
      return
    }
    const restart = service.loaded === null ? undefined : unitValue(service.loaded.unit, 'Service', 'Restart')
    if (service.stopAsked || restart === undefined || restart === 'no') return
    if (restart === 'on-failure' && !bad) return
    service.active = 'activating'
    service.restartOff = this.#host.in(1_000, () => {
      service.restartOff = null
      service.active = 'inactive'
      if (this.start(service) !== '') service.active = bad ? 'failed' : 'inactive'
    })
  }

  #forget(service: Service): void {
    if (service.argv !== null && service.active === 'inactive') this.services.delete(service.name)
  }

  #wants(name: string): string {
    return `${this.#host.spec.paths.units}/multi-user.target.wants/${name}`
  }

  #read(name: string): Loaded | null {
    const { files, spec } = this.#host
    const fragment = `${spec.paths.units}/${name}`
    const text = files.read(fragment)
    if (text === null) return null
    const dir = `${fragment}.d`
    const names = files.isDir(dir) ? files.list(dir).filter((one) => one.endsWith('.conf')) : []
    const dropIns = names.map((one) => ({ name: one, text: files.read(`${dir}/${one}`) ?? '' }))
    const texts = [text, ...dropIns.map((one) => `${one.name}\n${one.text}`)].join('\0')
    const known = parsedUnits.get(texts)
    const unit = known ?? parseUnit(text, dropIns)
    if (known === undefined) parsedUnits.set(texts, unit)
    return { unit, fragment, dropIns: names.map((one) => `${dir}/${one}`), texts }
  }
}

function argvOf(unit: Unit | undefined): readonly string[] | null {
  if (unit === undefined) return null
  const [line] = unitList(unit, 'Service', 'ExecStart')
  if (line === undefined) return null
  return /^\S*testapp /.test(line) ? nodeCommand(unit).argv : line.split(' ')
}
