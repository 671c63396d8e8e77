import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import type { AccountProofView } from '../../../src/api/ledger-types.ts'
import { fromHex, toHex } from '../../../src/base/hex.ts'
import { formatAddress } from '../../../src/crypto/address.ts'
import { checkAccountProof, proveAccount } from '../../../src/ledger/account-proof.ts'
import { AccountTree } from '../../../src/ledger/account-tree.ts'
import { stateRoot } from '../../../src/ledger/state.ts'
import { accountProofView } from '../../../src/node/views/proof.ts'
import { decode, encode } from '../../../src/wire/codec.ts'
import { blockHash } from '../../../src/wire/ids.ts'
import { quorumMembers } from '../../../src/wire/quorum.ts'
import { header } from '../../../src/wire/types.ts'
import { tempDirectory } from '../../helpers/temp-directory.ts'
import { anAddress } from '../ledger/subtree-fixtures.ts'
import { account } from '../wire/state-arbitraries.ts'
import { EpochChain } from './epoch-chain.ts'
import { type OpenChain, openChain } from './fixtures.ts'

const VERIFIER = fileURLToPath(new URL('../../../examples/verify-account.mjs', import.meta.url))
const UNKNOWN = 'ee'.repeat(20)

interface Trusted {
  readonly address: string
  readonly chainId: string
  readonly quorumHash: string
}
interface Verified {
  readonly address: string
  readonly account: AccountProofView['account']
  readonly height: number
  readonly block: string
  readonly nextQuorum: string
}

describe('a proof of an account, and the verifier that needs nothing of quorate', () => {
  const of = new EpochChain()
  let own: OpenChain
  let verify: (proof: unknown, trusted: Trusted) => Verified
  /** Of an account that has made transactions, and of one that does not exist. */
  let proof: AccountProofView
  let absent: AccountProofView
  let trusted: Trusted

  before(async () => {
    ;({ verifyAccount: verify } = await import(VERIFIER))
    own = await openChain(of)
    await of.grow(own.chain, 2, 2)
    const { address } = of.verifier(4).wallet
    proof = accountProofView(own.chain, address) ?? assert.fail('the chain has blocks')
    absent = accountProofView(own.chain, UNKNOWN) ?? assert.fail('the chain has blocks')
    trusted = { address, chainId: of.chainId, quorumHash: own.chain.headQuorum.hash }
  })
  after(() => own.store.close())

  it('agree on every account, and on one that is not there', () => {
    const { ledger, head } = own.chain
    const trustedHeader = decode(header, fromHex(proof.header))
    const addresses = [...ledger.accounts.entries()].map(([address]) => address)
    assert.ok(addresses.length > 8)
    for (const address of [...addresses, UNKNOWN]) {
      const one = accountProofView(own.chain, address) ?? assert.fail()
      const { account: found, ...rest } = verify(one, { ...trusted, address })
      assert.deepEqual([found, found === null], [one.account, address === UNKNOWN])
      assert.deepEqual(rest, { address, height: head.height, block: head.hash, nextQuorum: trustedHeader.nextQuorum })
      const checked = checkAccountProof(trustedHeader.stateRoot, address, one.proof)
      assert.ok(checked.kind === 'accept')
      assert.equal(checked.value?.nonce, found?.nonce)
      assert.equal(checked.value?.droplets, found?.droplets)
    }
  })

  it('agree on accounts of any kind', () => {
    const { head, headQuorum, ledger } = own.chain
    const model = decode(header, fromHex(proof.header))
    fc.assert(
      fc.property(fc.array(fc.tuple(anAddress, account), { minLength: 1, maxLength: 12 }), (entries) => {
        const all = new Map(entries)
        const accounts = new AccountTree()
        accounts.commit(accounts.update(all))
        const state = { ...ledger, accounts }
        const forged = { ...model, stateRoot: stateRoot(state) }
        const block = blockHash(of.chainId, forged)
        const seal = of.aggregate(headQuorum, [0, 1, 2], { kind: 'seal', height: head.height, block })
        for (const [address, { droplets, microHours, remainderDropletMs, hoursAtMs, nonce }] of [...all].slice(0, 2)) {
          const one = { ...proof, header: toHex(encode(header, forged)), seal, proof: proveAccount(state, address) }
          assert.deepEqual(verify(one, { ...trusted, address }).account, { droplets, microHours, remainderDropletMs, hoursAtMs, nonce })
        }
      }),
      { numRuns: 25, seed: 7 },
    )
  })

  it('is not there before the first block', async () => {
    const empty = await openChain(of)
    assert.equal(accountProofView(empty.chain, trusted.address), null)
    await empty.store.close()
  })

  const flip = (text: string, at: number): string => {
    const bytes = fromHex(text)
    const place = at < 0 ? bytes.length + at : at
    return toHex(bytes.with(place, (bytes[place] ?? 0) ^ 1))
  }
  const signedBy = (signers: readonly number[]): AccountProofView => {
    const { head, headQuorum } = own.chain
    return { ...proof, seal: of.aggregate(headQuorum, signers, { kind: 'seal', height: head.height, block: head.hash }) }
  }
  const tampered: readonly {
    readonly description: string
    readonly code: string
    readonly proof?: () => unknown
    readonly trusted?: () => Partial<Trusted>
  }[] = [
    {
      description: 'more coins',
      code: 'wrong-root',
      proof: () => ({ ...proof, proof: { ...proof.proof, bucket: flip(proof.proof.bucket, 22) } }),
    },
    { description: 'an account left out', code: 'wrong-root', proof: () => ({ ...proof, proof: { ...proof.proof, bucket: '' } }) },
    {
      description: 'an account put in',
      code: 'wrong-root',
      proof: () => ({ ...absent, proof: { ...absent.proof, bucket: `${UNKNOWN}00${'00'.repeat(40)}` } }),
      trusted: () => ({ address: UNKNOWN }),
    },
    {
      description: 'the account of somebody else',
      code: 'wrong-bucket',
      trusted: () => ({ address: UNKNOWN }),
    },
    {
      description: 'an account twice',
      code: 'wrong-order',
      proof: () => ({ ...proof, proof: { ...proof.proof, bucket: proof.proof.bucket.repeat(2) } }),
    },
    {
      description: 'a bucket that ends early',
      code: 'malformed',
      proof: () => ({ ...proof, proof: { ...proof.proof, bucket: proof.proof.bucket.slice(0, -2) } }),
    },
    {
      description: 'parts that no account has',
      code: 'malformed',
      proof: () => ({ ...proof, proof: { ...proof.proof, bucket: `${trusted.address}10${'00'.repeat(40)}` } }),
    },
    {
      description: 'no hex',
      code: 'malformed',
      proof: () => ({ ...proof, proof: { ...proof.proof, bucket: proof.proof.bucket.toUpperCase() } }),
    },
    {
      description: 'another sibling',
      code: 'wrong-root',
      proof: () => ({ ...proof, proof: { ...proof.proof, siblings: proof.proof.siblings.toReversed() } }),
    },
    {
      description: 'too few siblings',
      code: 'malformed',
      proof: () => ({ ...proof, proof: { ...proof.proof, siblings: proof.proof.siblings.slice(1) } }),
    },
    {
      description: 'other globals',
      code: 'wrong-root',
      proof: () => ({ ...proof, proof: { ...proof.proof, globalsHash: flip(proof.proof.globalsHash, 3) } }),
    },
    {
      description: 'another state root in the header',
      code: 'bad-signature',
      proof: () => ({ ...proof, header: flip(proof.header, -72) }),
    },
    { description: 'another height in the header', code: 'bad-signature', proof: () => ({ ...proof, header: flip(proof.header, 0) }) },
    { description: 'no header', code: 'malformed', proof: () => ({ ...proof, header: '' }) },
    {
      description: 'a seal of another block',
      code: 'bad-signature',
      proof: () => ({ ...proof, seal: decode(header, fromHex(proof.header)).parentSeal }),
    },
    {
      description: 'signers named who did not sign',
      code: 'bad-signature',
      proof: () => ({ ...proof, seal: { ...signedBy([0, 1]).seal, signers: [0, 1, 2, 3] } }),
    },
    { description: 'too few signers', code: 'not-enough-stake', proof: () => signedBy([0, 1]) },
    { description: 'no signers', code: 'not-enough-stake', proof: () => ({ ...proof, seal: { ...proof.seal, signers: [] } }) },
    { description: 'a signer named twice', code: 'malformed', proof: () => ({ ...proof, seal: { ...proof.seal, signers: [0, 1, 1, 1] } }) },
    {
      description: 'a signer that there is not',
      code: 'unknown-signer',
      proof: () => ({ ...proof, seal: { ...proof.seal, signers: [0, 1, 2, 9] } }),
    },
    {
      description: 'a quorum of its own',
      code: 'wrong-quorum',
      proof: () => ({ ...proof, quorum: toHex(encode(quorumMembers, own.chain.headQuorum.members.slice(0, 1))) }),
    },
    { description: 'the quorum before', code: 'wrong-quorum', trusted: () => ({ quorumHash: own.chain.quorumAt(1)?.hash ?? '' }) },
    { description: 'a proof of another chain', code: 'bad-signature', trusted: () => ({ chainId: 'ab'.repeat(32) }) },
    { description: 'no address', code: 'malformed', trusted: () => ({ address: 'abc' }) },
  ]
  for (const { description, code, ...changed } of tampered)
    it(`refuses ${description}: ${code}`, () => {
      assert.throws(() => verify(changed.proof?.() ?? proof, { ...trusted, ...changed.trusted?.() }), { code })
    })

  describe('run as a program', () => {
    let server: Server
    let url: string
    before(async () => {
      server = createServer((_, response) => response.end(JSON.stringify(proof)))
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/accounts/${trusted.address}/proof`
    })
    after(() => new Promise((resolve) => void server.close(resolve)))

    const run = (...args: readonly string[]) =>
      promisify(execFile)(process.execPath, [VERIFIER, ...args], { env: { ...process.env, NODE_OPTIONS: '' } })

    it('prints what is proven by a file or an URL, of an address in either form', async () => {
      const file = join(tempDirectory('proof'), 'proof.json')
      writeFileSync(file, JSON.stringify(proof))
      for (const [place, address] of [
        [file, trusted.address],
        [url, formatAddress(trusted.address)],
      ] as const) {
        const { stdout } = await run(place, address, trusted.chainId, trusted.quorumHash)
        assert.deepEqual(JSON.parse(stdout), verify(proof, trusted))
      }
    })

    it('says what is wrong, and ends with 1', async () => {
      await assert.rejects(run(url, trusted.address, trusted.chainId, 'ab'.repeat(32)), (error: { code: number; stderr: string }) => {
        assert.equal(error.code, 1)
        assert.match(error.stderr, /^wrong-quorum: the quorum is not the one with hash abab/)
        return true
      })
    })
  })
})
