import assert from 'node:assert/strict'
import { compareLines, readPage } from '../../swarm/page.ts'

const page = `# A page

\`\`\`text
before the first section
\`\`\`

## First

Words.

<!-- in each terminal -->
\`\`\`sh
alias a=b
\`\`\`

<!-- in a terminal of its own -->
\`\`\`sh
a run \\
  --long
\`\`\`

\`\`\`sh
a one

a two
\`\`\`
\`\`\`text
printed
…
\`\`\`

## Without commands

## Last

<!-- Ctrl-C in each terminal of its own -->
\`\`\`text
stopped
\`\`\`
`

describe('pages of documentation, as tests run them', () => {
  it('have commands, where they run, and what they print, by section', () => {
    assert.deepEqual(readPage(page), [
      {
        title: 'First',
        steps: [
          { where: 'each', commands: ['alias a=b'], shown: [] },
          { where: 'own', commands: ['a run --long'], shown: [] },
          { where: 'here', commands: ['a one', 'a two'], shown: ['printed', '…'] },
        ],
      },
      { title: 'Last', steps: [{ where: 'end', commands: [], shown: ['stopped'] }] },
    ])
  })

  it('have no block that would be left out silently', () => {
    assert.throws(() => readPage('## One\n```bash\nls\n```\n'), /sh or text, not ```bash/)
  })

  const cases: readonly { description: string; shown: readonly string[]; output: string; missing: readonly string[] }[] = [
    { description: 'the same', shown: ['one', 'two'], output: 'one\ntwo\n', missing: [] },
    { description: 'another number, width, time', shown: ['held   12.5', 'in 2 m 3 s'], output: 'held 7\n\nin 150 ms', missing: [] },
    { description: 'due by now', shown: ['opens in slot 4, in 2.1 s'], output: 'opens in slot 44, with the next block', missing: [] },
    {
      description: 'other keys and places',
      shown: ['quo1qqqq of swarm-0123abcd', '/home/you/walk/me', 'ab'.repeat(32), '12D3KooWa'],
      output: `quo1zz9 of swarm-ffffffff\n/tmp/x-1/walk/me\n${'0c'.repeat(32)}\n12D3KooWbcd`,
      missing: [],
    },
    { description: 'another word', shown: ['1 elected'], output: '1 refused', missing: ['1 elected'] },
    { description: 'what is not printed at all', shown: ['a', '…', 'b', '…', 'c'], output: 'a\nc', missing: ['b', 'c'] },
    { description: 'what is left out', shown: ['a', '…', 'c'], output: 'a\nb\nc', missing: [] },
    { description: 'what is left out without a word', shown: ['a', 'c'], output: 'a\nb\nc', missing: ['a', 'c'] },
    { description: 'another order', shown: ['b', '…', 'a'], output: 'a\nb', missing: ['a'] },
    { description: 'a later place where all lines are', shown: ['x', 'b'], output: 'x\na\nx\nb', missing: [] },
  ]
  for (const { description, shown, output, missing } of cases) {
    it(`what is shown is compared with what is printed: ${description}`, () => {
      const found = compareLines(shown, output)
      assert.deepEqual(
        found.filter(({ printed }) => printed === null).map((one) => one.shown),
        missing,
      )
    })
  }
})
