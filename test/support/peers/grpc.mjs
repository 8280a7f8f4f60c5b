// A service that answers `Say` when `later` says so, and `Watch` with what never ends, at most two at a time on a connection.
const plain = (bytes) => bytes
const way = (name, responseStream) => ({
  path: `/talk.Talk/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: plain,
  requestDeserialize: plain,
  responseSerialize: plain,
  responseDeserialize: plain,
})

export async function listenGrpc({ Metadata, Server, ServerCredentials }, later) {
  const server = new Server({ 'grpc.max_concurrent_streams': 2 })
  server.addService(
    { Say: way('Say', false), Watch: way('Watch', true) },
    {
      Say: (call, answer) => later(`${call.request}`, () => answer(null, call.request)),
      Watch(call) {
        call.sendMetadata(new Metadata())
        call.write(call.request)
      },
    },
  )
  return new Promise((resolve, reject) => {
    const settle = (error, port) => (error === null ? resolve(port) : reject(error))
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), settle)
  })
}
