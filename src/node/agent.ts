/** What this program calls itself among its peers. */
export const AGENT = `quorate/${process.env['QUORATE_VERSION'] ?? 'development'}`
