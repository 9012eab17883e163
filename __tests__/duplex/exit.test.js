'use strict';

// D12: "nothing is lost when the process exits normally". The writer is a process of its own; each way to write before
// the exit must bring its bytes to the server here.

const { once } = require('events');
const path = require('path');
const net = require('../..');
const { child, collect, listening, scratch } = require('../helpers');

const WAYS = [
  ['process.exit() right behind the writes', `
    say('one ');
    stream.write(Buffer.from('two '));
    say('three');
    process.exit();`, 'one two three'],
  ['process.exit() behind end()', `
    stream.end('ended', 'latin1');
    process.exit();`, 'ended'],
  ['process.exit() in a microtask', `
    say('now ');
    Promise.resolve().then(() => { say('microtask'); process.exit(); });`, 'now microtask'],
  ['process.exit() in a nextTick', `
    process.nextTick(() => { say('tick'); process.exit(); });`, 'tick'],
  ['process.exit() in an immediate, after a corked write', `
    setImmediate(() => { stream.cork(); say('cork '); say('cork'); stream.uncork(); process.exit(); });`, 'cork cork'],
  ['writes in \'exit\' listeners', `
    process.on('exit', () => say('first '));
    process.on('exit', () => { say('second '); stream.write(Buffer.from('third')); });
    say('before ');
    process.exit();`, 'before first second third'],
  ['a large write and small ones around it, in \'exit\'', `
    process.on('exit', () => { say('<'); stream.write(Buffer.alloc(50000, 'L')); say('>'); });
    process.exit();`, `<${'L'.repeat(50000)}>`],
  ['end() in \'exit\'', `
    process.on('exit', () => stream.end('bye', 'latin1'));
    process.exit();`, 'bye'],
  ['an uncaught exception', `
    process.on('uncaughtException', () => process.exit());
    say('said');
    throw new Error('uncaught');`, 'said'],
  ['process.exitCode and an unreferenced stream: the loop runs out', `
    stream.unref();
    process.exitCode = 0;
    say('in passing');`, 'in passing'],
  ['process.exit() in the callback of a write', `
    stream.write('called ', 'latin1', () => { say('back'); process.exit(); });`, 'called back'],
  ['process.exit() in \'data\'', `
    stream.on('data', () => { say('heard'); process.exit(); });
    say('hello?');`, 'hello?heard'],
];

describe.each(['tcp', 'unix'])('what was written before the process exits arrives (%s)', (transport) => {
  test.each(WAYS)('%s', async (name, script, expected) => {
    // Only an answer is sent: a process that exits with unread data resets the connection.
    const server = net.createServer((stream) => stream.on('data', (data) => {
      if (String(data) === 'hello?') stream.write('hello!', 'latin1');
    }));
    if (transport === 'unix') await listening(server, path.join(scratch(), 's'));
    else await listening(server);
    const address = server.address();
    const heard = once(server, 'connection').then(([stream]) => collect(stream));
    const running = child(`
      const where = JSON.parse(process.argv[2]);
      const stream = net.connect(where);
      const say = (text) => stream.write(text, 'latin1');
      stream.on('connect', () => {${script}});
    `, { args: [JSON.stringify(transport === 'unix' ? { path: address } : { ...address, host: address.address })] });
    expect((await heard).toString('latin1')).toBe(expected);
    expect(await running.exit).toBe(0);
  });
});
