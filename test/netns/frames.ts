/**
 * What passes the switch: Ethernet frames in VXLAN (RFC 7348), 8 bytes of header with the number of a network in it. Each host has
 * a network of its own, so the number says which host a frame comes from, and which one it shall go to.
 */

const VXLAN_BYTES = 8
const ETHERNET_BYTES = 14
const IPV4 = 0x0800
const TCP = 6

/** The host that sent a datagram to the switch. */
export const senderOf = (datagram: Buffer): number => datagram.readUIntBE(4, 3)

/** The host that a frame is for, by the last byte of its Ethernet address; null for what is no IPv4 packet to one host. */
export function receiverOf(datagram: Buffer): number | null {
  if (datagram.length < VXLAN_BYTES + ETHERNET_BYTES + 20) return null
  const isForOne = ((datagram[VXLAN_BYTES] ?? 1) & 1) === 0
  return isForOne && datagram.readUInt16BE(VXLAN_BYTES + 12) === IPV4 ? (datagram[VXLAN_BYTES + 5] ?? null) : null
}

/** Makes it a datagram for this host. */
export function readdress(datagram: Buffer, host: number): void {
  datagram.writeUIntBE(host, 4, 3)
}

/**
 * Puts the checksum into a TCP segment. The kernel leaves that to the network card when it can, and there is none on the way to the
 * switch; the host that the segment is for would drop it as damaged.
 */
export function completeChecksum(datagram: Buffer): void {
  const ip = datagram.subarray(VXLAN_BYTES + ETHERNET_BYTES)
  if (ip[9] !== TCP) return
  const segment = ip.subarray(((ip[0] ?? 0) & 0x0f) * 4, ip.readUInt16BE(2))
  if (segment.length < 20) return
  segment.writeUInt16BE(0, 16)
  const sum = sumOf(segment) + sumOf(ip.subarray(12, 20)) + TCP + segment.length
  segment.writeUInt16BE(~folded(sum) & 0xffff, 16)
}

/** Of 16-bit words, the last one filled up with zeros. */
function sumOf(bytes: Buffer): number {
  let sum = 0
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at)
  return bytes.length % 2 === 0 ? sum : sum + ((bytes.at(-1) ?? 0) << 8)
}

function folded(sum: number): number {
  let left = sum
  while (left > 0xffff) left = (left & 0xffff) + Math.floor(left / 0x10000)
  return left
}
