'use strict';

// The main job, shown: the page's echo server, as it is in examples/echo.js, answering a client that is not ours.

const { spawn } = require('child_process');
const { once } = require('events');
const net = require('net');
const path = require('path');
const { createInterface } = require('readline');
const { ROOT, ensureBinding } = require('./ensure-built');

const DEADLINE = 30_000;

async function main() {
  ensureBinding();
  const server = spawn(process.execPath, [path.join(ROOT, 'examples', 'echo.js'), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const deadline = setTimeout(() => {
    console.error('demo: no answer');
    server.kill();
    process.exit(1);
  }, DEADLINE);
  try {
    const [line] = await once(createInterface(server.stdout), 'line');
    const port = Number(/(\d+)\s*$/.exec(line)[1]);
    console.log(`server: ${line}`);
    const heard = await talk(port);
    if (heard !== 'hello\r\nhow are you?\r\ngoodbye\r\n') throw new Error(`unexpected dialogue: ${JSON.stringify(heard)}`);
  } finally {
    clearTimeout(deadline);
    server.kill();
  }
}

/** Says one line once the server has said hello, and shows both sides. Gives all that was heard. */
async function talk(port) {
  const client = net.connect(port, 'localhost');
  client.setEncoding('utf8');
  let heard = '';
  client.on('data', (text) => {
    for (const line of text.trimEnd().split('\r\n')) console.log(`  < ${line}`);
    if (heard === '') {
      console.log('  > how are you?');
      client.end('how are you?\r\n');
    }
    heard += text;
  });
  await once(client, 'close');
  return heard;
}

main().catch((error) => {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
});
