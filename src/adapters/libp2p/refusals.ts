/** Why something that a stranger wanted was refused, as the health line and the counters name it. */
export type Refusal =
  /** Connections: too many of one host or prefix, or too fast; banned; of another chain; or the least useful of too many. */
  | 'host-full'
  | 'prefix-full'
  | 'host-rate'
  | 'prefix-rate'
  | 'banned'
  | 'other-chain'
  | 'least-useful'
  /** Requests to the DHT: to store or to look for values, with a key that is none, or too fast. */
  | 'dht-store'
  | 'dht-key'
  | 'dht-rate'
  /** An entry in the routing table: too many of one prefix. */
  | 'table-prefix-full'
