import { readFileSync } from 'node:fs'
import { vectorsFolder } from '../../scripts/vectors.ts'

/** A committed file of `protocols/vectors`, in the shape that the caller knows it to have. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(`${vectorsFolder}${name}.json`, 'utf8')) as T
}
