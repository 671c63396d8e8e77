// Node 20 has no Promise.withResolvers, which libp2p 3 calls. Entries and tests import this before anything of libp2p.
import 'core-js/actual/promise/with-resolvers.js'
