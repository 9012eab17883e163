'use strict';

// Node's own modules over streams of net: https and http2 on both sides, tls alone, and child processes.

const { spawn } = require('child_process');
const { once } = require('events');
const http2 = require('http2');
const https = require('https');
const net = require('net');
const tls = require('tls');
const { BINARY, HOST, TEXT, collect, digest, listen, report } = require('./common');

report(async () => {
  const credentials = JSON.parse(process.env.CREDENTIALS);
  const trusted = { ca: credentials.cert, servername: 'localhost' };

  /** A connection in the clear, to put TLS on. */
  const connect = ({ address, port }) => net.connect({ port, host: address, allowHalfOpen: true });

  const httpsServer = https.createServer(credentials, async (incoming, response) => {
    response.end(digest(await collect(incoming)));
  });
  const behindHttps = await listen(httpsServer);
  const options = { method: 'POST', ...trusted };
  options.createConnection = () => tls.connect({ socket: connect(behindHttps.address()), ...trusted });
  const [response] = await once(https.request(options).end(BINARY), 'response');
  const overHttps = (await collect(response)).toString() === digest(BINARY);
  behindHttps.close();

  const http2Server = http2.createSecureServer(credentials);
  http2Server.on('stream', async (stream) => {
    const body = await collect(stream);
    stream.respond({ ':status': 201 });
    stream.end(digest(body));
  });
  const behindHttp2 = await listen(http2Server);
  const session = http2.connect('https://localhost', {
    createConnection: () =>
      tls.connect({ socket: connect(behindHttp2.address()), ALPNProtocols: ['h2'], ...trusted }),
  });
  const posts = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const request = session.request({ ':method': 'POST' });
      request.end(`${TEXT} ${i}`);
      return (await collect(request)).toString() === digest(`${TEXT} ${i}`);
    }),
  );
  session.close();
  await once(session, 'close');
  behindHttp2.close();

  const tlsServer = tls.createServer(credentials, (stream) => stream.pipe(stream));
  const behindTls = await listen(tlsServer);
  const client = tls.connect({ socket: connect(behindTls.address()), ...trusted });
  client.end(BINARY);
  const overTls = digest(await collect(client)) === digest(BINARY);
  behindTls.close();

  const given = net.createServer({ allowHalfOpen: true }, (stream) => {
    const script = 'process.stdin.on("data", (data) => process.stdout.write(data))';
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    stream.pipe(child.stdin);
    child.stdout.pipe(stream);
  });
  given.listen(0, HOST);
  await once(given, 'listening');
  const toChild = connect(given.address());
  toChild.end(BINARY);
  const throughChild = digest(await collect(toChild)) === digest(BINARY);
  given.close();
  return { overHttps, overHttp2: posts.every(Boolean), overTls, throughChild };
});
