import type { Effect, Input } from '../../src/consensus/types.ts'
import type { Certificate, Hash, SignRequest, Statement } from '../../src/wire/types.ts'

/** One line each, the same for the same thing: a trace is compared byte for byte. */

export const short = (hash: Hash): string => hash.slice(0, 6)

export function showStatement(statement: Statement): string {
  const slot = statement.kind === 'seal' ? '' : ` s${statement.slot}`
  const hasValid = (statement.kind === 'vote' || statement.kind === 'candidate') && statement.validSlot !== null
  return `${statement.kind} h${statement.height}${slot} ${short(statement.block)}${hasValid ? ` valid s${statement.validSlot}` : ''}`
}

const showCertificate = (certificate: Certificate | null): string =>
  certificate === null ? 'no certificate' : `[${showStatement(certificate.statement)} by ${certificate.aggregate.signers.join(',')}]`

const showRequest = (request: SignRequest): string =>
  `${request.kind} ${request.kind === 'vote' ? showStatement(request.statement) : showCertificate(request.certificate)}`

export function showInput(input: Input): string {
  switch (input.kind) {
    case 'slot-started':
    case 'choice-due':
      return `${input.kind} ${input.slot}`
    case 'ticket-drawn':
      return `ticket-drawn ${input.slot} ${short(input.ticket)}${input.selected ? ' selected' : ''}`
    case 'block-built':
      return `block-built ${input.slot} ${input.block === null ? 'nothing' : short(input.block.hash)}`
    case 'candidate': {
      const { block, slot, maker, ticket, justification } = input.candidate
      return `candidate s${slot} of ${maker} h${block.height} ${short(block.hash)} ticket ${short(ticket)} ${showCertificate(justification)}`
    }
    case 'block-known':
      return `block-known h${input.block.height} ${short(input.block.hash)}`
    case 'request':
      return `request ${input.id} of ${input.from}: ${showRequest(input.request)}`
    case 'signature':
      return `signature of ${input.from}: ${showStatement(input.statement)}`
    case 'refusal':
      return `refusal of ${input.from}: ${input.reason} h${input.height} ${showCertificate(input.certificate)}`
    case 'certificate':
      return `certificate ${showCertificate(input.certificate)}`
    case 'sealed-block':
      return `sealed-block h${input.block.height} ${short(input.block.hash)} by ${input.seal.signers.join(',')}`
    case 'head-moved':
      return `head-moved h${input.head.height} ${short(input.head.hash)}`
    case 'forked':
    case 'recovering':
      return input.kind
    case 'own-signatures-known':
      return `own-signatures-known ${JSON.stringify(input.known)}`
  }
}

export function showEffect(effect: Effect): string {
  switch (effect.kind) {
    case 'persist':
      return `persist${effect.block === null ? '' : ` with ${short(effect.block)}`}`
    case 'draw-ticket':
      return `draw-ticket ${effect.slot}`
    case 'build':
      return `build s${effect.slot} h${effect.height}`
    case 'propose':
      return `propose ${showStatement(effect.statement)}`
    case 'ask':
      return `ask ${showRequest(effect.request)}`
    case 'sign':
      return `sign ${effect.id} ${showStatement(effect.statement)}`
    case 'refuse':
      return `refuse ${effect.id} ${effect.reason} ${showCertificate(effect.certificate)}`
    case 'gossip-certificate':
      return `gossip-certificate ${showCertificate(effect.certificate)}`
    case 'gossip-tally':
      return `gossip-tally ${effect.certificates.map(showCertificate).join(' ')}`
    case 'fetch-block':
      return `fetch-block ${short(effect.block)} from ${effect.from}`
    case 'commit':
    case 'publish-block':
      return `${effect.kind} h${effect.height} ${short(effect.block)} by ${effect.seal.signers.join(',')}`
    case 'behind':
      return `behind h${effect.height}`
    case 'alarm':
      return `alarm ${effect.code}: ${effect.detail}`
  }
}
