import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { consensusVectors } from './vectors/consensus-cases.ts'
import { cryptoVectors } from './vectors/crypto-cases.ts'
import { encodingVectors } from './vectors/encoding.ts'
import { evidenceVectors } from './vectors/evidence-cases.ts'
import { pretty } from './vectors/format.ts'
import { badGenesisVectors } from './vectors/genesis-cases.ts'
import { genesisVectors, identifierVectors, signatureVectors } from './vectors/identity-cases.ts'
import { ledgerVectors } from './vectors/ledger-cases.ts'
import { primitiveCases } from './vectors/primitive-cases.ts'
import { rankingVectors } from './vectors/ranking-cases.ts'
import { primitiveCodecs, wireCodecs } from './vectors/registry.ts'
import { typeCases } from './vectors/type-cases.ts'

export const vectorsFolder = fileURLToPath(new URL('../protocols/vectors/', import.meta.url))

/** Name and text of every file of `protocols/vectors`: the same bytes each time. */
export function vectorFiles(): ReadonlyMap<string, string> {
  const contents: readonly (readonly [name: string, content: unknown])[] = [
    ['crypto.json', cryptoVectors()],
    ['encoding.json', encodingVectors(primitiveCodecs, primitiveCases)],
    ['types.json', encodingVectors(wireCodecs, typeCases)],
    ['identifiers.json', identifierVectors()],
    ['signatures.json', signatureVectors()],
    ['genesis.json', { ...genesisVectors(), checks: badGenesisVectors() }],
    ['ledger.json', ledgerVectors()],
    ['evidence.json', evidenceVectors()],
    ['consensus.json', { ...consensusVectors(), ranking: rankingVectors() }],
  ]
  return new Map(contents.map(([name, content]) => [name, `${pretty(content)}\n`]))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(vectorsFolder, { recursive: true })
  const files = [...vectorFiles()]
  const changed = files.filter(([name, text]) => !existsSync(vectorsFolder + name) || readFileSync(vectorsFolder + name, 'utf8') !== text)
  for (const [name, text] of files) writeFileSync(vectorsFolder + name, text)
  const what = changed.length === 0 ? 'none of them changed' : `changed: ${changed.map(([name]) => name).join(', ')}`
  console.log(`${files.length} files written to protocols/vectors, ${what}`)
}
