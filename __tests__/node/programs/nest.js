'use strict';

// NestJS: HTTP and HTTPS over express, and its TCP transport, in the clear and over TLS.

require('reflect-metadata');
const { Controller, Get, Module, Post, Req, Res } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { ClientProxyFactory, MessagePattern, Payload, Transport } = require('@nestjs/microservices');
const express = require('express');
const { firstValueFrom } = require('rxjs');
const { BINARY, HOST, TEXT, atOnce, codeOf, digest, identities, report, sayBusy } = require('./common');
const { bothWays } = require('./http');

/** Applies decorators as TypeScript would: `methods` is `{ [name]: [decorator, ...those of the parameters] }`. */
function decorated(target, decorators, methods) {
  for (const [name, [decorator, ...parameters]] of Object.entries(methods)) {
    decorator(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name));
    parameters.forEach((decorate, i) => decorate(target.prototype, name, i));
  }
  for (const decorate of decorators) decorate(target);
  return target;
}

class Routes {
  hello({ params, ip, secure }) {
    return { hello: params.name, ip, secure };
  }

  digest({ body }) {
    return digest(body);
  }

  binary(response) {
    response.send(BINARY);
  }

  chunks(response) {
    for (let i = 0; i < 100; i++) response.write(`${TEXT}\n`);
    response.end();
  }

  gone({ socket }, _response) {
    socket.destroy();
  }

  never(_response) {
    sayBusy();
  }
}

decorated(Routes, [Controller()], {
  hello: [Get('hello/:name'), Req()],
  digest: [Post('digest'), Req()],
  binary: [Get('binary'), Res()],
  chunks: [Get('chunks'), Res()],
  gone: [Get('gone'), Req(), Res()],
  never: [Get('never'), Res()],
});

class Messages {
  echo(data) {
    return data;
  }

  digest({ text }) {
    return digest(text);
  }
}

decorated(Messages, [Controller()], {
  echo: [MessagePattern('echo'), Payload()],
  digest: [MessagePattern('digest'), Payload()],
});

const Web = decorated(class {}, [Module({ controllers: [Routes] })], {});
const Service = decorated(class {}, [Module({ controllers: [Messages] })], {});

async function start(httpsOptions, port) {
  const app = await NestFactory.create(Web, { httpsOptions, logger: false });
  app.use(express.raw({ limit: '20mb' }));
  await app.listen(port, HOST);
  return app.getHttpServer();
}

/** The code of the error that `client` emits: over TLS it counts as connected before the handshake. */
async function errorOf(client) {
  const failed = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  const { code } = await failed;
  client.close();
  return code;
}

/** What comes of the TCP transport; `knows` is what the client's TLS is told. */
async function messages(tlsOptions, knows) {
  const place = { host: HOST, port: 0 };
  const settings = { transport: Transport.TCP, options: { ...place, tlsOptions }, logger: false };
  const app = await NestFactory.createMicroservice(Service, settings);
  await app.listen();
  const { port } = app.unwrap().address();
  const connect = (options) => ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { ...place, port, tlsOptions: options },
  });
  const client = connect(knows);
  const send = (pattern, data) => firstValueFrom(client.send(pattern, data));
  const text = await send('echo', TEXT);
  const long = TEXT.repeat(100_000);
  const posted = (await send('digest', { text: long })) === digest(long);
  const many = await atOnce(100, (i) => send('echo', i));
  const distrusted = tlsOptions && (await errorOf(connect({ ...knows, ca: [identities.untrusted.cert] })));
  await app.close();
  client.close();
  const refused = await connect(knows).connect().catch(codeOf);
  return { text, posted, manyAtOnce: many.every((answer, i) => answer === i), distrusted, refused };
}

const { run, serve } = bothWays(start);

report(async () => ({
  ...(await run()),
  tcp: await messages(),
  tls: await messages(identities.server, { servername: 'localhost' }),
}), serve);
