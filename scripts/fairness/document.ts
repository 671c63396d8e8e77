const FENCE_START = '<!-- written by `npm run fairness` -->\n```text\n'
const FENCE_END = '```\n'

/**
 * The page with these tables between its marker and the end of the code block that follows.
 * @throws Error if the marker or the end is not there
 */
export function embedTables(page: string, tables: string): string {
  const start = page.indexOf(FENCE_START)
  const end = page.indexOf(FENCE_END, start + FENCE_START.length)
  if (start < 0 || end < 0) throw new Error(`the page has no place for the tables: ${JSON.stringify(FENCE_START)} and a code block`)
  return page.slice(0, start + FENCE_START.length) + tables + page.slice(end)
}
