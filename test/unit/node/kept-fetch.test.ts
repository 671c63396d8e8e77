import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { ApiClientError } from '../../../src/client/errors.ts'
import { QuorateClient } from '../../../src/library/client.ts'

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

describe('requests over kept connections', () => {
  it('asks again over the connection that it has', async () => {
    let connections = 0
    const server = createServer((_request, response) => response.end('{"kept":true}')).on('connection', () => connections++)
    const port = await listen(server)
    const client = new QuorateClient(`http://127.0.0.1:${port}`)
    for (let round = 0; round < 3; round++) assert.deepEqual(await client.status(), { kept: true })
    assert.equal(connections, 1)
    server.close()
    server.closeAllConnections()
  })

  it('speaks TLS to an https address', async () => {
    const first: number[] = []
    const server = createTcpServer((socket: Socket) => {
      socket.once('data', (chunk) => {
        first.push(chunk[0] ?? -1)
        socket.destroy()
      })
      socket.on('error', () => undefined)
    })
    const port = await listen(server)
    await assert.rejects(new QuorateClient(`https://127.0.0.1:${port}`).status(), ApiClientError)
    // A handshake record.
    assert.deepEqual(first, [0x16])
    server.close()
  })
})
