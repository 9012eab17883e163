'use strict';

// ldapjs, its client and its server: ldap:, with StartTLS, and ldaps:.

const ldap = require('ldapjs');
const tls = require('tls');
const { promisify } = require('util');
const { HOST, TEXT, atOnce, codeOf, event, identities, report } = require('./common');

const START_TLS = '1.3.6.1.4.1.1466.20037';
const SUFFIX = 'o=example';
const COUNT = 500;

/** What is asked of the client gets this many. */
const PEOPLE = Array.from({ length: COUNT }, (_, i) => ({
  dn: `cn=${i}, ${SUFFIX}`,
  attributes: { objectClass: ['person'], cn: [`${i}`], sn: [TEXT] },
}));

function create(way) {
  const { key, cert } = identities.server;
  const server = way === 'secure' ? ldap.createServer({ key, certificate: cert }) : ldap.createServer();
  server.bind('cn=root', (request, response, next) => {
    if (request.credentials !== TEXT) return next(new ldap.InvalidCredentialsError());
    response.end();
    return next();
  });
  server.search(SUFFIX, (request, response, next) => {
    for (const person of PEOPLE) if (request.filter.matches(person.attributes)) response.send(person);
    response.end();
    return next();
  });
  server.add(SUFFIX, (request, response, next) => {
    request.connection.ldap.added = request.dn.toString();
    response.end();
    return next();
  });
  server.del(SUFFIX, (request) => request.connection.destroy());
  server.exop(START_TLS, (request, response, next) => {
    const clear = request.connection;
    response.end();
    clear.removeAllListeners('data');
    server.server.emit('connection', new tls.TLSSocket(clear, { isServer: true, ...identities.server }));
    return next();
  });
  return server;
}

/** A client that is connected. */
async function open(way, port, options) {
  const tlsOptions = { host: HOST, servername: 'localhost', ...options };
  const url = `${way === 'secure' ? 'ldaps' : 'ldap'}://${HOST}:${port}`;
  const client = ldap.createClient({ url, tlsOptions });
  await new Promise((resolve, reject) => {
    client.on('connect', resolve);
    client.on('error', reject);
    client.on('connectError', reject);
  });
  client.on('error', () => {});
  if (way === 'startTls') await promisify(client.starttls.bind(client))(tlsOptions, []);
  return client;
}

/** The names of what `client` finds. */
function found(client, filter) {
  return new Promise((resolve, reject) => {
    client.search(SUFFIX, { filter, scope: 'sub' }, (error, answer) => {
      if (error) return reject(error);
      const names = [];
      answer.on('searchEntry', ({ pojo }) => names.push(pojo.attributes.find(({ type }) => type === 'sn').values[0]));
      answer.on('error', reject);
      answer.on('end', () => resolve(names));
      return undefined;
    });
  });
}

async function exercise(way) {
  const server = create(way);
  await new Promise((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address();
  const client = await open(way, port);
  const bind = promisify(client.bind.bind(client));
  const invalid = await bind('cn=root', 'wrong').catch(({ name }) => name);
  await bind('cn=root', TEXT);
  const all = await found(client, '(objectClass=person)');
  const many = await atOnce(50, (i) => found(client, `(cn=${i})`));
  const added = await promisify(client.add.bind(client))(`cn=new,${SUFFIX}`, { cn: 'new', objectClass: 'person' });
  const lost = event(client, 'close');
  const gone = promisify(client.del.bind(client))(`cn=new,${SUFFIX}`).catch(({ name }) => name);
  await lost;
  const distrusted = way !== 'plain' && (await open(way, port, { ca: identities.untrusted.cert }).catch(codeOf));
  const last = await open(way, port);
  await promisify(last.unbind.bind(last))();
  await new Promise((resolve) => server.close(resolve));
  const refused = await open(way, port).catch(codeOf);
  return {
    invalid,
    all: all.length === COUNT && all.every((name) => name === TEXT),
    manyAtOnce: many.every((names) => names.length === 1),
    added: added.status,
    gone: await gone,
    distrusted,
    refused,
  };
}

report(async () => ({
  plain: await exercise('plain'),
  startTls: await exercise('startTls'),
  secure: await exercise('secure'),
}));
