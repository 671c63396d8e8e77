/** Whether a text looks like the multiaddr of a peer, with its id at the end. Only the look of it: the network adapter reads it in full. */
export const isPeerMultiaddr = (text: string): boolean => /^(\/[\w.:%-]+){2,}\/p2p\/[1-9A-HJ-NP-Za-km-z]{20,96}$/.test(text)
