'use strict';

// Debian's HAProxy and nginx: they send headers to our servers, and read those of our clients.

const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const nodeTls = require('tls');
const path = require('path');
const net = require('../..');
const { collect, destroyAtEnd, listening, scratch } = require('../helpers');
const { haproxy, nginx } = require('../peers/balancers');
const { describeWith } = require('../peers/program');
const { certificate, files, identity } = require('../tls/pki');

const ENDS = { source: { address: '192.0.2.1', port: 5000 }, destination: { address: '198.51.100.2', port: 443 } };

/** A server that expects headers, and what its next connection is. */
async function expecting() {
  const server = await listening(net.createServer({ proxyProtocol: { from: '127.0.0.0/8' } }));
  const { port } = server.address();
  return { server, place: `127.0.0.1:${port}` };
}

/** Sends 'data' through the balancer at `place`, by `connect`. Returns our end of it, and the client. */
async function passed(server, place, connect = (options) => nodeNet.connect(options)) {
  const connected = once(server, 'connection');
  const client = destroyAtEnd(connect({ port: place.port, host: place.host }));
  client.write('data');
  const [stream] = await connected;
  const [data] = await once(destroyAtEnd(stream), 'data');
  expect(String(data)).toBe('data');
  return { stream, client };
}

describeWith(['haproxy'], 'HAProxy', () => {
  test.each([
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
    ['send-proxy-v2 proxy-v2-options crc32c,unique-id,authority', 2],
  ])('%s', async (option, version) => {
    const { server, place } = await expecting();
    const more = option.includes('unique-id') ? 'unique-id-format id-%[src_port]' : '';
    const balancer = await haproxy({ server: `${place} ${option}`, more });
    const { stream, client } = await passed(server, balancer);
    expect([stream.remoteAddress, stream.remotePort]).toEqual([client.localAddress, client.localPort]);
    expect([stream.localAddress, stream.localPort]).toEqual([balancer.host, balancer.port]);
    const { proxy } = stream;
    expect([proxy.version, proxy.command, proxy.checksum]).toEqual([version, 'PROXY', option.includes('crc32c')]);
    if (more) expect(proxy.uniqueId.toString()).toBe(`id-${client.localPort}`);
  });

  test('send-proxy to a UNIX socket', async () => {
    const server = await listening(net.createServer({ proxyProtocol: 'require' }), path.join(scratch(), 'proxied'));
    const balancer = await haproxy({ server: `unix@${server.address()} send-proxy-v2` });
    const { stream, client } = await passed(server, balancer);
    expect(stream.remotePort).toBe(client.localPort);
  });

  test('send-proxy-v2-ssl-cn', async () => {
    const { server, place } = await expecting();
    const folder = scratch();
    const { key, cert } = files('p256', folder);
    const { pem, ca } = bundle(folder, key, cert);
    const options = 'send-proxy-v2-ssl-cn proxy-v2-options ssl-cipher,cert-sig,cert-key,authority,crc32c';
    const bind = `ssl crt ${pem} ca-file ${ca} verify optional alpn h2`;
    const balancer = await haproxy({ bind, server: `${place} ${options}` });
    const given = { ca: certificate('root'), servername: 'localhost', ALPNProtocols: ['h2'] };
    for (const own of [{}, identity('p256Client')]) {
      const connect = (target) => nodeTls.connect({ ...target, ...given, ...own });
      const { stream, client } = await passed(server, balancer, connect);
      const { ssl, authority, alpn } = stream.proxy;
      const isShown = 'key' in own;
      expect(ssl).toMatchObject({ presented: isShown, verified: isShown, version: 'TLSv1.3', cipher: client.getCipher().name });
      expect(ssl.cn === null).toBe(!isShown);
      expect([authority, alpn]).toEqual(['localhost', 'h2']);
      expect(ssl.key).toMatch(/^EC/);
    }
  });

  test('checks whether the server is alive, as LOCAL', async () => {
    const { server, place } = await expecting();
    const commands = new Promise((resolve) => {
      server.on('connection', (stream) => {
        stream.on('error', () => {});
        if (stream.proxy.command === 'LOCAL') resolve(stream.proxy);
      });
    });
    await haproxy({ server: `${place} send-proxy-v2 check inter 50ms` });
    expect(await commands).toMatchObject({ version: 2, source: null });
  });

  test('accept-proxy reads what our client sends, and passes it on', async () => {
    const { server, place } = await expecting();
    const balancer = await haproxy({ bind: 'accept-proxy', server: `${place} send-proxy-v2` });
    for (const version of [1, 2]) {
      const connect = (target) => net.connect({ ...target, proxyProtocol: { version, ...ENDS } });
      const { stream } = await passed(server, balancer, connect);
      expect([stream.remoteAddress, stream.remotePort]).toEqual(['192.0.2.1', 5000]);
      expect([stream.localAddress, stream.localPort]).toEqual(['198.51.100.2', 443]);
    }
  });

  test('accept-proxy reads all that our client says', async () => {
    const { server, place } = await expecting();
    const options = 'proxy-v2-options authority,unique-id';
    const more = 'unique-id-format %[fc_pp_unique_id]';
    const balancer = await haproxy({ bind: 'accept-proxy', server: `${place} send-proxy-v2 ${options}`, more });
    const proxyProtocol = { ...ENDS, authority: 'example.org', uniqueId: 'one', checksum: true };
    const { stream } = await passed(server, balancer, (target) => net.connect({ ...target, proxyProtocol }));
    expect(stream.proxy.authority).toBe('example.org');
    expect(stream.proxy.uniqueId.toString()).toBe('one');
  });
});

describeWith(['nginx'], 'nginx', () => {
  test('listen ... proxy_protocol reads what our client sends', async () => {
    const answer = '"$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port"';
    const balancer = await nginx(({ listen, folder }) => `http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server { listen ${listen} proxy_protocol; location / { return 200 ${answer}; } }
    }`);
    for (const version of [1, 2]) {
      const { host, port } = balancer;
      const client = destroyAtEnd(net.connect({ host, port, proxyProtocol: { version, ...ENDS } }));
      client.end('GET / HTTP/1.0\r\n\r\n');
      expect(String(await collect(client))).toMatch(/\r\n\r\n192\.0\.2\.1 5000 443$/);
    }
  });

  test('proxy_protocol on; sends to our server', async () => {
    const { server, place } = await expecting();
    const balancer = await nginx(({ listen }) =>
      `stream { server { listen ${listen}; proxy_pass ${place}; proxy_protocol on; } }`);
    const { stream, client } = await passed(server, balancer);
    expect([stream.remoteAddress, stream.remotePort]).toEqual([client.localAddress, client.localPort]);
  });
});

/** What HAProxy reads: the key and the certificates in one file, and the authority of clients. */
function bundle(folder, key, cert) {
  const [pem, ca] = ['bundle.pem', 'ca.pem'].map((name) => path.join(folder, name));
  fs.writeFileSync(pem, fs.readFileSync(key, 'utf8') + fs.readFileSync(cert, 'utf8'));
  fs.writeFileSync(ca, certificate('root') + identity('p256Client').cert);
  return { pem, ca };
}
