/**
 * Known weaknesses of the packages that the program is made of, by `npm audit`: high and critical ones fail. A registry that has no audit
 * (a mirror, a machine without a network) is said and fails nothing: it says nothing about the packages.
 */
import { spawnSync } from 'node:child_process'

const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8', shell: process.platform === 'win32' })

const report = read()
if (report.metadata?.vulnerabilities === undefined) {
  console.log(`audit: not done, the registry does not answer it (${report.message ?? stderr.trim().split('\n').at(-1)})`)
} else {
  const { info, low, moderate, high, critical } = report.metadata.vulnerabilities
  for (const { name, severity, via } of Object.values(report.vulnerabilities))
    console.log(`audit: ${severity}: ${name}: ${via.map((one) => (typeof one === 'string' ? one : one.title)).join('; ')}`)
  console.log(`audit: ${critical} critical, ${high} high, ${moderate} moderate, ${low} low, ${info} info`)
  if (critical + high > 0) process.exitCode = 1
}

function read() {
  try {
    return JSON.parse(stdout)
  } catch {
    return {}
  }
}
