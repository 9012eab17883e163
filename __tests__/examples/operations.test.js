'use strict';

// The commands and configurations in the guides "Production checklist", "Zero downtime" and "TLS operations". Their
// examples run in guides.test.js, and examples/restart.js in restart.test.js.

const { execFile, execFileSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const nodeNet = require('net');
const path = require('path');
const nodeTls = require('tls');
const { promisify } = require('util');
const net = require('../..');
const { atEnd, closeAtEnd, destroyAtEnd, scratch } = require('../helpers');
const { describeWith } = require('../peers/program');
const { folderWithKey } = require('./blocks');
const { blocksOf, nameOf } = require('./pages');
const { nextLine, start } = require('./run');

const ROOT = path.join(__dirname, '..', '..');

const blocks = ['production', 'zero-downtime', 'tls-operations'].flatMap((page) => blocksOf(path.join('docs', 'guides', `${page}.md`)));
const commands = blocks.filter(([, , language]) => language === 'sh').flatMap(([, , , text]) => text.trim().split('\n'));

/** The block with the file `name`. */
function file(name) {
  return blocks.find(([, words]) => nameOf(words.split('\n').at(-1)) === name)[3];
}

/** Those that run below, each by a test, and those that need more than a test may have. */
const TESTED = ['grep', 'ss', 'sysctl', 'nstat', 'systemd-analyze', 'install', 'openssl'];
const ELSEWHERE = ['KEY=key.pem', 'kill', 'systemctl'];

test('each command is tested', () => {
  const programs = new Set(commands.map((command) => command.split(' ')[0]));
  expect([...programs].sort()).toEqual([...TESTED, ...ELSEWHERE].sort());
});

/** Runs the one command that begins with `words`, in a shell. Returns what it prints. */
async function run(words, { cwd = scratch(), port = 8443, env = {} } = {}) {
  const found = commands.filter((command) => command.startsWith(words));
  expect(found).toHaveLength(1);
  const command = found[0].replace('8443', String(port));
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], { cwd, env: { ...process.env, ...env } });
  return stdout;
}

describe('the whole program of "Production checklist"', () => {
  /** The program without its own client, and clients of it. */
  async function startWhole() {
    const folder = folderWithKey('localhost');
    fs.mkdirSync(path.join(folder, 'node_modules'));
    fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
    const [, , , whole] = blocks.find(([, , language, text]) => language === 'js' && text.includes('MAX_LINE'));
    const [program] = whole.split('server.listen(');
    const file = path.join(folder, 'program.js');
    fs.writeFileSync(file, `${program}server.listen(0, '127.0.0.1', () => console.log(server.address().port));`);
    const running = start(process.execPath, [file], { cwd: folder });
    const port = Number(await nextLine(running));
    const ca = fs.readFileSync(path.join(folder, 'cert.pem'));
    const connect = () => destroyAtEnd(nodeTls.connect({ port, ca, servername: 'localhost' }));
    return { running, connect };
  }

  test('answers a client that sends a megabyte of short lines at once', async () => {
    const { running, connect } = await startWhole();
    const client = connect();
    const lines = 'abcü\n'.repeat(2 ** 20 / 6);
    client.write(lines);
    let answered = '';
    client.setEncoding('utf8').on('data', (text) => {
      answered += text;
      if (answered.length >= lines.length) client.end();
    });
    await once(client, 'close');
    expect(answered === lines.toUpperCase()).toBe(true);
    expect(running.complaints()).toBe('');
  });

  test.each([
    ['has no end', 'x'.repeat(9000)],
    ['comes whole', `${'x'.repeat(9000)}\n`],
  ])('destroys a connection whose line is too long, if it %s', async (_, text) => {
    const { connect } = await startWhole();
    const client = connect();
    client.write('hello\n');
    expect(String((await once(client, 'data'))[0])).toBe('HELLO\n');
    let answered = '';
    client.on('data', (data) => (answered += data)).on('error', () => {});
    client.write(text);
    await new Promise((resolve) => client.on('close', resolve));
    expect(answered).toBe('');
  });
});

(process.platform === 'linux' ? test : test.skip)('the limit of descriptors', async () => {
  expect(await run('grep')).toMatch(/^Max open files\s+\d+\s+\d+\s+files/);
});

describeWith(['ss', 'sysctl', 'nstat'], 'the queue of a listening socket', () => {
  test('its length and its limit', async () => {
    const server = closeAtEnd(nodeNet.createServer());
    server.listen({ port: 0, host: '127.0.0.1', backlog: 123 });
    await once(server, 'listening');
    expect(await run('ss')).toMatch(new RegExp(`^LISTEN\\s+0\\s+123\\s+127\\.0\\.0\\.1:${server.address().port}\\b`, 'm'));
    expect(await run('sysctl')).toMatch(/^net\.core\.somaxconn = \d+$/m);
    expect(await run('nstat')).toMatch(/^TcpExtListenOverflows\s+\d+/m);
  });
});

describeWith(['systemd-analyze'], 'the units', () => {
  test('are what systemd accepts', async () => {
    const cwd = scratch();
    for (const name of ['app.socket', 'app.service']) {
      fs.writeFileSync(path.join(cwd, name), file(name).replace('/usr/bin/node', process.execPath));
    }
    const verifying = promisify(execFile)('/bin/sh', ['-c', commands.find((command) => command.startsWith('systemd-analyze'))], { cwd });
    const { stdout, stderr } = await verifying;
    // What is said of the machine's own units is not about these.
    expect(`${stdout}${stderr}`).not.toMatch(/app\.(socket|service)/);
  });
});

test('the times in the guides fit: a process is killed after `preStop` and `grace`', () => {
  const yaml = blocks.find(([, , language]) => language === 'yaml')[3];
  const [, total] = /terminationGracePeriodSeconds: (\d+)/.exec(yaml).map(Number);
  const [, before] = /"sleep", "(\d+)"/.exec(yaml).map(Number);
  const [, grace] = /grace: (\d+)_000/.exec(file('server.js')).map(Number);
  const [, stop] = /TimeoutStopSec=(\d+)/.exec(file('app.service')).map(Number);
  expect(before + grace).toBeLessThan(total);
  expect(grace).toBeLessThan(stop);
});

describe('`server.js`', () => {
  const isListening = /^(\d+) listens$/;

  /** Starts the program on a UNIX socket, with `changed(text)` as its text: `{ running, socket, folder }`. */
  function begin(changed = (text) => text) {
    const folder = scratch();
    fs.mkdirSync(path.join(folder, 'node_modules'));
    fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'rust-net'));
    const socket = path.join(folder, 'socket');
    const program = file('server.js').replace("{ port: 8080, host: '127.0.0.1' }", JSON.stringify({ path: socket }));
    fs.writeFileSync(path.join(folder, 'server.js'), changed(program));
    return { running: start(process.execPath, ['server.js'], { cwd: folder }), socket, folder };
  }

  /** The id of the process that says next that it listens. */
  async function pidOf(running) {
    const pid = Number(isListening.exec(await nextLine(running))[1]);
    atEnd(() => {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    });
    return pid;
  }

  test('threads whose process replaces itself', async () => {
    const { running, socket, folder } = begin();
    const visit = async () => {
      const client = nodeNet.connect(socket);
      const [data] = await once(client, 'data');
      return Number(/^served by (\d+)\n$/.exec(data)[1]);
    };
    const first = await pidOf(running);
    const ended = once(running.process, 'exit');
    const seen = new Set([await visit()]);
    let isOver = false;
    const load = (async () => {
      while (!isOver) seen.add(await visit());
    })();
    process.kill(first, 'SIGHUP');
    const second = await pidOf(running);
    // Its output is open as long as the second process is.
    expect(await ended).toEqual([0, null]);
    expect(await visit()).toBe(second);
    isOver = true;
    await load;
    expect([...seen].sort()).toEqual([first, second].sort());
    expect(fs.readFileSync(path.join(folder, 'server.pid'), 'utf8')).toBe(String(second));
    process.kill(second, 'SIGTERM');
    expect(running.complaints()).toBe('');
  });

  // A reader of the line or of the file may send a signal at once. Nothing is faster than the process itself.
  describe.each(['console.log(`${process.pid} listens`);', "writeFileSync('server.pid', String(process.pid));"])('from `%s` on', (said) => {
    const beginWith = (signal) => begin((text) => {
      expect(text.split(said)).toHaveLength(2);
      return text.replace(said, () => `${said} if (inherited.length === 0) process.kill(process.pid, '${signal}');`);
    });

    test('a SIGTERM ends it gracefully', async () => {
      const { running } = beginWith('SIGTERM');
      await pidOf(running);
      expect(await running.exit).toBe(0);
    });

    test('a SIGHUP has it replace itself', async () => {
      const { running } = beginWith('SIGHUP');
      const ended = once(running.process, 'exit');
      const first = await pidOf(running);
      const second = await pidOf(running);
      expect(second).not.toBe(first);
      expect(await ended).toEqual([0, null]);
      process.kill(second, 'SIGTERM');
      expect(await running.exit).toBe(0);
    });
  });
});

test('the deploy hook of certbot', async () => {
  const lineage = scratch();
  fs.writeFileSync(path.join(lineage, 'privkey.pem'), 'key');
  fs.writeFileSync(path.join(lineage, 'fullchain.pem'), 'chain');
  const target = scratch();
  const command = commands.find((each) => each.startsWith('install')).replace('-g app', `-g ${process.getgid()}`);
  const env = { ...process.env, RENEWED_LINEAGE: lineage };
  execFileSync('/bin/sh', ['-c', command.replace('/srv/app/tls/', `${target}/`)], { env });
  expect(fs.readdirSync(target).sort()).toEqual(['fullchain.pem', 'privkey.pem']);
  expect(fs.statSync(path.join(target, 'privkey.pem')).mode & 0o777).toBe(0o640);
});

describeWith(['openssl'], 'openssl', () => {
  /** A server, by credentials that were made in `folder`. */
  async function listen(credentials) {
    const server = closeAtEnd(net.createServer((stream) => {
      stream.on('error', () => {});
      stream.setSecure(credentials);
    }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  }

  const read = (cwd) => ({
    key: fs.readFileSync(path.join(cwd, 'key.pem')),
    cert: fs.readFileSync(path.join(cwd, 'cert.pem')),
  });

  test('what a server shows', async () => {
    const port = await listen(net.createCredentials(read(folderWithKey('localhost'))));
    expect(await run('openssl s_client -connect localhost:8443 -servername', { port })).toMatch(/^subject=.*CN ?= ?localhost\nnotAfter=/);
  });

  test('ticket keys', async () => {
    const cwd = folderWithKey('localhost');
    await run('openssl rand', { cwd });
    const ticketKeys = fs.readFileSync(path.join(cwd, 'ticket.keys'));
    expect(net.createCredentials({ ...read(cwd), ticketKeys }).getTicketKeys()).toEqual(ticketKeys);
  });

  test('a job that fetches the response of OCSP, and whether it is stapled', async () => {
    const cwd = scratch();
    const openssl = (...args) => execFileSync('openssl', args, { cwd, stdio: 'ignore' });
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', '-x509', ...newKey, '-keyout', 'chain.key', '-out', 'chain.pem', '-subj', '/CN=authority');
    fs.writeFileSync(path.join(cwd, 'index.txt'), 'V\t490101000000Z\t\tA1B2C3\tunknown\t/CN=localhost\n');
    const authority = ['-index', 'index.txt', '-CA', 'chain.pem', '-rsigner', 'chain.pem', '-rkey', 'chain.key'];
    const serving = execFile('openssl', ['ocsp', ...authority, '-port', '0', '-nmin', '5'], { cwd });
    atEnd(() => serving.kill());
    let printed = '';
    while (!/^ACCEPT .*:\d+/.test(printed)) printed += (await once(serving.stdout, 'data'))[0];
    const url = `http://127.0.0.1:${/:(\d+) /.exec(printed)[1]}`;
    openssl('req', ...newKey, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=localhost');
    fs.writeFileSync(path.join(cwd, 'extensions'), `authorityInfoAccess=OCSP;URI:${url}\n`);
    const signing = ['-CA', 'chain.pem', '-CAkey', 'chain.key', '-set_serial', '0xa1b2c3', '-extfile', 'extensions'];
    openssl('x509', '-req', '-in', 'request.pem', ...signing, '-out', 'cert.pem');
    await run('openssl ocsp', { cwd });
    const port = await listen(net.createCredentials({ ...read(cwd), ocspFile: path.join(cwd, 'ocsp.der') }));
    expect(await run('openssl s_client -connect localhost:8443 -status', { cwd, port })).toMatch(/successful/);
  });
});
