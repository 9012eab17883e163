'use strict';

// What JavaScript is asked about a ClientHello, and what it may answer.

const { once } = require('events');
const tls = require('tls');
const { createCredentials } = require('../../..');
const net = require('../../../node');
const pki = require('../pki');
const { begin, close, connected, secured } = require('./pairs');

const VERSIONS = ['TLSv1.2', 'TLSv1.3'];
const identity = pki.identity('selfSigned');
const serverCredentials = createCredentials(identity);
const client = (options) => createCredentials({ ca: identity.cert, ...options });
const goOn = (_question, transport) => transport.answerName();

describe.each(VERSIONS)('under %s', (maxVersion) => {
  test('the question has the name, the protocols, the session, and whether stapling is asked for', async () => {
    const clientCredentials = client({ maxVersion, ALPNProtocols: ['h2', 'http/1.1'] });
    const pair = await secured({ server: { asksAlways: true, answer: goOn }, clientCredentials, serverCredentials });
    const [question] = pair.server.questions;
    expect(pair.server.questions).toHaveLength(1);
    expect(question).toMatchObject({ name: 'localhost', asksForStapling: true });
    expect(String(question.alpn)).toBe('\x02h2\x08http/1.1');
    expect(question.sessionId).toHaveLength(maxVersion === 'TLSv1.3' ? 32 : 0);
    close(pair);
  });

  test('a client without a name is asked about only with `asksAlways`', async () => {
    const clientCredentials = client({ maxVersion });
    const both = { clientCredentials, serverCredentials, servername: '' };
    const pairOf = (server) => secured({ server: { ...server, answer: goOn }, ...both });
    const always = await pairOf({ asksAlways: true });
    expect(always.server.questions).toEqual([expect.objectContaining({ name: undefined, alpn: undefined })]);
    const named = await pairOf({ asks: true });
    expect(named.server.questions).toEqual([]);
    close(always);
    close(named);
  });

  test('the protocol of one connection is chosen', async () => {
    const clientCredentials = client({ maxVersion, ALPNProtocols: ['a', 'b'] });
    const answer = (_question, transport) => transport.answerName(undefined, { alpn: Buffer.from('b') });
    const pair = await secured({ server: { asksAlways: true, answer }, clientCredentials, serverCredentials });
    expect([String(pair.client.agreement.alpn), String(pair.server.agreement.alpn)]).toEqual(['b', 'b']);
    close(pair);
  });

  test('all protocols are refused, which a client that offers none is not affected by', async () => {
    const answer = (_question, transport) => transport.answerName(undefined, { refusesAlpn: true });
    const streams = await connected();
    const clientSide = begin(streams.client, client({ maxVersion, ALPNProtocols: ['a'] }), {}, 'localhost');
    const serverSide = begin(streams.server, serverCredentials, { isServer: true, asksAlways: true, answer });
    await expect(clientSide.done).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' });
    await expect(serverSide.done).rejects.toMatchObject({ code: 'ERR_SSL_NO_APPLICATION_PROTOCOL' });
    const server = { asksAlways: true, answer };
    const pair = await secured({ server, clientCredentials: client({ maxVersion }), serverCredentials });
    expect(pair.server.agreement.alpn).toBeUndefined();
    close(pair);
  });

  test('other credentials, and an OCSP response that is stapled', async () => {
    const other = createCredentials(pki.identity('direct'));
    const ocspResponse = Buffer.from('response');
    const answer = (_question, transport) => transport.answerName(other.native, { ocspResponse });
    const server = { asksAlways: true, answer };
    const pair = await secured({ server, clientCredentials: client({ maxVersion }), serverCredentials });
    expect(pair.client.agreement.ocspResponse).toEqual(ocspResponse);
    expect(pair.client.transport.peerCertificate).toEqual(pki.der(pki.certificate('direct')));
    expect(pair.server.agreement.ocspResponse).toBeUndefined();
    close(pair);
  });

  test('node:tls gets the response if it asks for one', async () => {
    for (const requestOCSP of [true, false]) {
      const { client: plain, server } = await connected();
      const ocspResponse = Buffer.from('response');
      const answer = (_question, transport) => transport.answerName(undefined, { ocspResponse });
      const side = begin(server, serverCredentials, { isServer: true, asksAlways: true, answer });
      const socket = tls.connect({ socket: plain, requestOCSP, rejectUnauthorized: false, maxVersion });
      const stapled = requestOCSP ? once(socket, 'OCSPResponse') : null;
      await Promise.all([once(socket, 'secureConnect'), side.done]);
      expect(side.questions).toEqual([expect.objectContaining({ asksForStapling: requestOCSP })]);
      if (requestOCSP) expect(await stapled).toEqual([ocspResponse]);
      socket.destroy();
      server.destroy();
    }
  });

  test('what a server of node:tls staples is found', async () => {
    const listener = tls.createServer(identity, (socket) => socket.end('x'));
    listener.on('OCSPRequest', (_certificate, _issuer, callback) => callback(null, Buffer.from('of node')));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const stream = net.connect(listener.address().port, '127.0.0.1');
    await once(stream, 'connect');
    const { ocspResponse } = await begin(stream, client({ maxVersion }), {}, 'localhost').done;
    expect(String(ocspResponse)).toBe('of node');
    stream.destroy();
    listener.close();
  });
});

test('a client that goes while JavaScript thinks ends the handshake', async () => {
  const streams = await connected();
  const answer = () => streams.client.destroy();
  begin(streams.client, client({}), {}, 'localhost');
  const serverSide = begin(streams.server, serverCredentials, { isServer: true, asksAlways: true, answer });
  await expect(serverSide.done).rejects.toMatchObject({ code: 'ECONNRESET' });
});
