import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { embedTables } from '../../../scripts/fairness/document.ts'
import { drawPicture } from '../../../scripts/fairness/picture.ts'
import { createReport, DEFAULTS } from '../../../scripts/fairness/report.ts'
import { drawTables } from '../../../scripts/fairness/table.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('the page on fairness', () => {
  it('shows the picture and the tables that the command makes now', () => {
    const report = createReport(DEFAULTS)
    const page = read('docs/fairness.md')
    const renew = '; npm run fairness renews both'
    assert.equal(read('docs/images/fairness.svg'), drawPicture(report), `the picture is another${renew}`)
    assert.equal(page, embedTables(page, drawTables(report)), `the tables are others${renew}`)
  })
})

describe('the picture of fairness', () => {
  const cases = [
    { description: 'the default run', picture: () => read('docs/images/fairness.svg') },
    { description: 'a short run of another seed', picture: () => drawPicture(createReport({ seed: 4, blocks: 1_000 })) },
  ]
  for (const { description, picture } of cases)
    it(`has no label over another, and everything inside: ${description}`, () => {
      const svg = picture()
      assert.doesNotMatch(svg, /NaN|Infinity|undefined|null/)
      const [, width = 0, height = 0] = (/viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []).map(Number)
      const boxes = labels(svg)
      assert.ok(boxes.length > 60, `${boxes.length} labels`)
      for (const [index, box] of boxes.entries()) {
        assert.ok(box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height, JSON.stringify(box))
        const other = boxes.slice(index + 1).find((one) => overlap(one, box))
        assert.equal(other, undefined, `${JSON.stringify(box)} is over ${JSON.stringify(other)}`)
      }
      const dots = marks(svg)
      assert.ok(dots.length > 100, `${dots.length} dots`)
      for (const [x, y] of dots) {
        assert.ok(x > 0 && x < width && y > 0 && y < height, `${x} ${y}`)
        const covered = boxes.find(({ left, right, top, bottom }) => x > left && x < right && y > top && y < bottom)
        assert.equal(covered, undefined, `a dot is over ${JSON.stringify(covered)}`)
      }
    })
})

describe('npm run fairness', () => {
  it('prints tables, and draws where it is told', async () => {
    const out = join(tempDirectory('fairness'), 'picture.svg')
    const { code, stdout } = await run(['--seed', '4', '--blocks', '1000', '--out', out])
    const report = createReport({ seed: 4, blocks: 1_000 })
    assert.equal(code, 0)
    assert.equal(stdout, drawTables(report))
    assert.equal(readFileSync(out, 'utf8'), drawPicture(report))
  })

  it('gives all numbers as JSON, and leaves the page alone for another seed', async () => {
    const before = [read('docs/fairness.md'), read('docs/images/fairness.svg')]
    const { code, stdout } = await run(['--seed', '4', '--blocks', '1000', '--json'])
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(stdout), createReport({ seed: 4, blocks: 1_000 }))
    assert.deepEqual([read('docs/fairness.md'), read('docs/images/fairness.svg')], before)
  })

  it('says what it does', async () => {
    const { code, stdout } = await run(['--help'])
    assert.equal(code, 0)
    for (const option of ['--seed', '--blocks', '--out', '--json']) assert.ok(stdout.includes(option), option)
  })

  const wrong = [
    { description: 'a seed that is no number', options: ['--seed', 'x'], message: /--seed x: a whole number from 0/ },
    {
      description: 'too few blocks to say anything',
      options: ['--blocks', '999'],
      message: /--blocks 999: a whole number from 1000 to 50000/,
    },
    { description: 'an unknown option', options: ['--verbose'], message: /--verbose/ },
    {
      description: 'a directory that is not there',
      options: ['--blocks', '1000', '--out', '/nowhere/x.svg'],
      message: /ENOENT.*\/nowhere\/x\.svg/,
    },
  ]
  for (const { description, options, message } of wrong)
    it(`refuses ${description}`, async () => {
      const { code, stderr } = await run(options)
      assert.equal(code, 2)
      assert.match(stderr, message)
    })
})

interface Box {
  readonly content: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** The labels with the room that a line of 12 pixels takes. */
function labels(svg: string): readonly Box[] {
  return placed(svg, /<text x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"(?: text-anchor="(\w+)")?[^>]*>([^<]*)<\/text>/).map(
    ({ dx, dy, match: [, x, y, length, anchor, content = ''] }) => {
      const width = Number(length)
      const left = dx + Number(x) - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0)
      return { content, left, right: left + width, top: dy + Number(y) - 10, bottom: dy + Number(y) + 3 }
    },
  )
}

const marks = (svg: string): readonly (readonly [x: number, y: number])[] =>
  placed(svg, /<circle cx="([\d.]+)" cy="([\d.]+)"/).map(({ dx, dy, match: [, x, y] }) => [dx + Number(x), dy + Number(y)])

/** Matches line by line, with the shift of the group that they are in. */
function placed(svg: string, pattern: RegExp): readonly { readonly dx: number; readonly dy: number; readonly match: RegExpExecArray }[] {
  let [dx, dy] = [0, 0]
  return svg.split('\n').flatMap((row) => {
    const group = /<g transform="translate\(([\d.]+) ([\d.]+)\)">/.exec(row)
    if (group !== null) [dx, dy] = [Number(group[1]), Number(group[2])]
    else if (row === '</g>') [dx, dy] = [0, 0]
    const match = pattern.exec(row)
    return match === null ? [] : [{ dx, dy, match }]
  })
}

const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom

function run(options: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const arguments_ = ['--import', 'tsx', join(root, 'scripts/fairness.ts'), ...options]
  return new Promise((resolve) => {
    const child = execFile(process.execPath, arguments_, { cwd: root }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}
