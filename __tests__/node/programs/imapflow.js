'use strict';

// imapflow and a small server of IMAP: in the clear, with STARTTLS, and with TLS from the beginning.

const net = require('net');
const tls = require('tls');
const { BINARY, HOST, TEXT, atOnce, closed, codeOf, digest, event, identities, listening, report } = require('./common');

const BODY = BINARY.toString('base64', 0, 2 << 20).replace(/.{76}/g, '$&\r\n');

/** The one message of the mailbox. */
const MESSAGE = Buffer.from(`Subject: ${TEXT}\r\n\r\n${BODY}\r\n`);

/** One connection of the server: lines and literals in, answers out. */
class Session {
  #stream;
  #received = Buffer.alloc(0);
  #command = '';
  #appended = null;

  constructor(stream, options) {
    this.options = options;
    this.use(stream);
    this.say(`* OK [CAPABILITY ${this.capability}] ready`);
  }

  get capability() {
    const offers = this.options.startTls && !this.#stream.encrypted ? ' STARTTLS' : '';
    return `IMAP4rev1 IDLE AUTH=PLAIN SASL-IR${offers}`;
  }

  use(stream) {
    this.#stream = stream;
    stream.on('error', () => {});
    stream.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      while (this.#take());
    });
  }

  say(...parts) {
    for (const part of parts) this.#stream.write(part);
    this.#stream.write('\r\n');
  }

  /** Takes the next line or literal, if it has been received. */
  #take() {
    const length = Number(/\{(\d+)\+?\}$/.exec(this.#command)?.[1] ?? -1);
    if (length >= 0 && this.#appended === null) {
      if (this.#received.length < length) return false;
      this.#appended = this.#received.subarray(0, length);
      this.#received = this.#received.subarray(length);
      return true;
    }
    const end = this.#received.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.#received.subarray(0, end).toString();
    this.#received = this.#received.subarray(end + 2);
    if (length < 0 && /\{\d+\}$/.test(line)) {
      this.#command = line;
      this.say('+ go on');
      return true;
    }
    const [command, appended] = [this.#command || line, this.#appended];
    [this.#command, this.#appended] = ['', null];
    const [tag, name = '', ...rest] = command.split(' ');
    this.#answer(tag, name.toUpperCase(), rest.join(' '), appended);
    return true;
  }

  #answer(tag, name, rest, appended) {
    switch (name === 'UID' ? rest.split(' ')[0].toUpperCase() : name) {
      case 'CAPABILITY':
        this.say(`* CAPABILITY ${this.capability}`);
        break;
      case 'STARTTLS': {
        this.say(`${tag} OK`);
        const clear = this.#stream.removeAllListeners('data');
        this.use(new tls.TLSSocket(clear, { isServer: true, ...this.options.credentials }));
        return;
      }
      case 'LIST':
        this.say('* LIST (\\HasNoChildren) "/" "INBOX"');
        break;
      case 'NAMESPACE':
        this.say('* NAMESPACE (("" "/")) NIL NIL');
        break;
      case 'SELECT':
        for (const item of ['FLAGS ()', '1 EXISTS', '0 RECENT', 'OK [UIDVALIDITY 1]', 'OK [UIDNEXT 2]']) this.say(`* ${item}`);
        break;
      case 'FETCH':
        this.say(`* 1 FETCH (UID 1 BODY[] {${MESSAGE.length}}\r\n`, MESSAGE, ')');
        break;
      case 'APPEND':
        this.say(`${tag} OK [APPENDUID 1 ${appended.length}] ${digest(appended)}`);
        return;
      case 'NOOP':
        this.say('* 2 EXISTS');
        break;
      case 'IDLE':
        this.say('+ idling');
        return;
      case 'LOGOUT':
        this.say('* BYE');
        this.#stream.end(`${tag} OK\r\n`);
        return;
      case 'XGONE':
        this.#stream.destroy();
        return;
      default:
    }
    this.say(`${tag} OK ${name}`);
  }
}

/** Options of server and client by way. */
const WAYS = {
  plain: { client: { secure: false, doSTARTTLS: false } },
  startTls: { server: { startTls: true, credentials: identities.server }, client: { secure: false, doSTARTTLS: true } },
  secure: { server: { credentials: identities.server }, client: { secure: true } },
};

async function exercise(way) {
  const { ImapFlow } = await import('imapflow');
  const { server: options = {}, client: given } = WAYS[way];
  const accept = (stream) => new Session(stream, options);
  const server = way === 'secure' ? tls.createServer(identities.server, accept) : net.createServer(accept);
  await listening(server);
  const { port } = server.address();

  async function open(more) {
    const place = { host: HOST, port, servername: 'localhost', auth: { user: 'you', pass: TEXT }, logger: false };
    const client = new ImapFlow({ ...place, ...given, ...more });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  const client = await open();
  const { exists } = await client.mailboxOpen('INBOX');
  const { source } = await client.fetchOne('1', { source: true });
  // It asks for what is new after each APPEND.
  const grown = event(client, 'exists');
  const appended = await client.append('INBOX', MESSAGE);
  const { count } = await grown;
  const { secureConnection } = client;
  const many = await atOnce(10, async () => {
    const one = await open();
    const list = await one.list();
    await one.logout();
    return list.map(({ path }) => path).join();
  });
  const distrusted = way !== 'plain' && (await open({ tls: { ca: identities.untrusted.cert } }).catch(codeOf));
  await client.logout();
  const gone = await open();
  const end = event(gone, 'close');
  const lost = gone.exec('XGONE', []).catch(codeOf);
  await end;
  await closed(server);
  const refused = await open().catch(codeOf);
  return {
    exists,
    fetched: digest(source) === digest(MESSAGE),
    appended: appended.uid === MESSAGE.length,
    count,
    secureConnection,
    manyAtOnce: many.every((names) => names === 'INBOX'),
    ...(way !== 'plain' && { distrusted }),
    lost: await lost,
    refused,
  };
}

report(async () => {
  const outcomes = {};
  for (const way of Object.keys(WAYS)) outcomes[way] = await exercise(way);
  return outcomes;
});
