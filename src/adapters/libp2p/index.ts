import './polyfill.ts'

export { createLibp2pNetwork } from './network.ts'
