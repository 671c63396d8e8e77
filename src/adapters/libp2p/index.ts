import './polyfill.ts'

export { generateNetworkKey, networkKeyFromBytes, peerIdOf } from './keys.ts'
export { createLibp2pNetwork } from './network.ts'
export type { Libp2pNetworkOptions, NetworkRole } from './options.ts'
