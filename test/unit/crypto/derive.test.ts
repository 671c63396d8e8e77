import assert from 'node:assert/strict'
import { fromHex } from '../../../src/base/hex.ts'
import { deriveBls, deriveEd25519 } from '../../../src/crypto/derive.ts'

describe('keys out of a seed', () => {
  // SLIP-0010, test vector 1 for ed25519.
  const seed = '000102030405060708090a0b0c0d0e0f'
  const slip10 = [
    { path: 'm', secret: '2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7' },
    { path: "m/0'", secret: '68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3' },
    { path: "m/0'/1'", secret: 'b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2' },
    { path: "m/0'/1'/2'", secret: '92a5b23c0b8a99e37d07df3fb9966917f5d06e02ddbd909c7e184371463e9fc9' },
    { path: "m/0'/1'/2'/2'", secret: '30d1dc7e5fc04c31219ab25a27ae00b50f6fd66622f6e9c913253d6511d1e662' },
    { path: "m/0'/1'/2'/2'/1000000000'", secret: '8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793' },
  ]
  for (const { path, secret } of slip10) it(`SLIP-0010 ${path}`, () => assert.equal(deriveEd25519(fromHex(seed), path), secret))

  // EIP-2333, its four test cases; secrets there are decimal.
  const eip2333 = [
    {
      seed: 'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04',
      master: 6083874454709270928345386274498605044986640685124978867557563392430687146096n,
      index: 0,
      child: 20397789859736650942317412262472558107875392172444076792671091975210932703118n,
    },
    {
      seed: '3141592653589793238462643383279502884197169399375105820974944592',
      master: 29757020647961307431480504535336562678282505419141012933316116377660817309383n,
      index: 3141592653,
      child: 25457201688850691947727629385191704516744796114925897962676248250929345014287n,
    },
    {
      seed: '0099ff991111002299dd7744ee3355bbdd8844115566cc55663355668888cc00',
      master: 27580842291869792442942448775674722299803720648445448686099262467207037398656n,
      index: 4294967295,
      child: 29358610794459428860402234341874281240803786294062035874021252734817515685787n,
    },
    {
      seed: 'd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
      master: 19022158461524446591288038168518313374041767046816487870552872741050760015818n,
      index: 42,
      child: 31372231650479070279774297061823572166496564838472787488249775572789064611981n,
    },
  ]
  const hex = (secret: bigint): string => secret.toString(16).padStart(64, '0')
  for (const { seed: entropy, master, index, child } of eip2333) {
    it(`EIP-2333, child ${index}`, () => {
      assert.equal(deriveBls(fromHex(entropy), 'm'), hex(master))
      assert.equal(deriveBls(fromHex(entropy), `m/${index}`), hex(child))
    })
  }

  const wrong = ["m/44'/1", 'm/', "m/2147483648'", 'x', "44'/1'"]
  for (const path of wrong) it(`ed25519 takes no path ${path}`, () => assert.throws(() => deriveEd25519(fromHex(seed), path), RangeError))
  for (const path of ["m/1'", 'm/4294967296', 'm/-1'])
    it(`BLS takes no path ${path}`, () => assert.throws(() => deriveBls(fromHex(eip2333[0]?.seed ?? ''), path), RangeError))
})
