import { writeSync } from 'node:fs'
import Mocha from 'mocha'

/**
 * mocha's `spec` (with `--reporter-option short` its `dot`, which names only what failed) and, as the last line of the process,
 * `N passed, N failed`. The line waits for the exit, so that what goes wrong after the last test (something left running, a process that
 * ended in the middle, no test at all) counts as a failure too.
 */
export default class ClosingLine {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    const Shown = options.reporterOptions?.short === undefined ? Mocha.reporters.Spec : Mocha.reporters.Dot
    new Shown(runner, options)
    let ended = false
    let failed = 0
    let passed = 0
    runner.on(Mocha.Runner.constants.EVENT_TEST_PASS, () => {
      passed++
    })
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, () => {
      failed++
    })
    runner.on(Mocha.Runner.constants.EVENT_RUN_END, () => {
      ended = true
    })
    process.on('exit', (code) => {
      const brokeOff = !ended || passed + failed === 0 || (code !== 0 && failed === 0)
      if (brokeOff) process.exitCode = code === 0 ? 1 : code
      writeSync(process.stdout.fd, `${passed} passed, ${failed + (brokeOff ? 1 : 0)} failed\n`)
    })
  }
}
