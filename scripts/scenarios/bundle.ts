import { fileURLToPath } from 'node:url'

/** The program that swarms of scripts and tests run: the bundle of this checkout, or another build to compare with. */
export const BUNDLE = process.env.QUORATE_BUNDLE ?? fileURLToPath(new URL('../../dist/quorate.js', import.meta.url))
