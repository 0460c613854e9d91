const tell = "process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS+'\\n'))"

/** Environment with which a program of Node tells at its end, on stderr, the most memory it took. */
export const tellsPeak = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tell)}` }

/** What it told, in MB; NaN where it told nothing. */
export function peakMbIn(stderr: string): number {
  return Number(/^peak (\d+)$/m.exec(stderr)?.[1]) / 1024
}
