import { QuorateClient as Client } from '../client/client.ts'
import type { ClientOptions } from '../client/transport.ts'
import { KeptConnections } from '../node/kept-fetch.ts'

/** A typed client of a node's API, for programs in Node: it keeps its connections, which hold no program that is done. */
export class QuorateClient extends Client {
  /** @param url of the API, for example `http://127.0.0.1:4080` */
  constructor(url: string, options: ClientOptions = {}) {
    super(url, { fetch: new KeptConnections().fetch, ...options })
  }
}
