'use strict';

// "net.Stream instance implement a duplex stream interface": what is small goes past the machinery of Duplex where that
// would only pass it on. A program does not see that, and a method that it has replaced is called as before.

const { createHook, executionAsyncId } = require('async_hooks');
const { once } = require('events');
const { collect, pair } = require('../helpers');

/** How many ticks are asked for in the asynchronous context `context` while `run` goes on. */
async function ticksIn(context, run) {
  let ticks = 0;
  const hook = createHook({
    init(id, type, trigger) {
      if (type === 'TickObject' && trigger === context) ticks++;
    },
  });
  hook.enable();
  await run();
  hook.disable();
  return ticks;
}

test('an echo of small messages asks for no ticks, and the end of a stream that flows for one', async () => {
  const [client, accepted] = await pair({ serverOptions: { allowHalfOpen: true } });
  let context;
  accepted.on('data', (data) => {
    context = executionAsyncId();
    accepted.write(data);
  });
  client.write('the first');
  await once(client, 'data');
  const echoes = async () => {
    for (let i = 0; i < 3; i++) {
      client.write('another');
      await once(client, 'data');
    }
  };
  expect(await ticksIn(context, echoes)).toBe(0);
  const end = async () => {
    client.end();
    await once(accepted, 'end');
  };
  expect(await ticksIn(context, end)).toBe(1);
});

describe.each([
  ['a Buffer', Buffer.from('small')],
  ['a string', 'small'],
  ['a Uint8Array', new Uint8Array([1, 2, 3])],
])('%s', (_, chunk) => {
  test.each(['_write', '_writeGeneric'])('is seen by a replaced %s', async (name) => {
    const [client] = await pair();
    client.write(chunk);
    const replaced = jest.spyOn(client, name);
    client.write(chunk);
    expect(replaced).toHaveBeenCalledTimes(1);
  });

  test('calls back in a later tick, and not before the writes in front of it', async () => {
    const [client] = await pair();
    const seen = [];
    client.write(chunk);
    client.write(chunk, () => seen.push('callback'));
    client.write(chunk);
    seen.push('returned');
    await new Promise((resolve) => client.write(chunk, undefined, resolve));
    expect(seen).toEqual(['returned', 'callback']);
  });

  test('waits behind what waits', async () => {
    const [client, accepted] = await pair();
    const received = collect(accepted);
    client.cork();
    client.write('corked ');
    client.write(chunk);
    client.uncork();
    client.write(chunk);
    client.end();
    const bytes = Buffer.from(chunk);
    expect(await received).toEqual(Buffer.concat([Buffer.from('corked '), bytes, bytes]));
  });

  test('is an error behind the end, and after destroy()', async () => {
    const [client] = await pair();
    client.end();
    const failed = once(client, 'error');
    expect(client.write(chunk)).toBe(false);
    expect((await failed)[0].code).toBe('ERR_STREAM_WRITE_AFTER_END');
    client.destroy();
    expect(client.write(chunk)).toBe(false);
  });
});

test.each([
  ['text in an encoding that there is not', 'text', 'no encoding', 'ERR_UNKNOWN_ENCODING'],
  ['a Buffer in an encoding that there is not', Buffer.from('bytes'), 'no encoding', 'ERR_UNKNOWN_ENCODING'],
  ['a number', 1, undefined, 'ERR_INVALID_ARG_TYPE'],
  ['null', null, undefined, 'ERR_STREAM_NULL_VALUES'],
])('%s is refused', async (_, chunk, encoding, code) => {
  const [client] = await pair();
  expect(() => client.write(chunk, encoding)).toThrow(expect.objectContaining({ code }));
});

test('a replaced _read is asked for more behind each chunk', async () => {
  const [client, accepted] = await pair();
  accepted.resume();
  const data = jest.fn();
  accepted.on('data', data);
  const asked = jest.fn();
  const { _read } = accepted;
  accepted._read = function read(size) {
    asked();
    _read.call(this, size);
  };
  for (let i = 1; i <= 3; i++) {
    const more = new Promise((resolve) => asked.mockImplementationOnce(resolve));
    client.write('more');
    await more;
    expect(data).toHaveBeenCalledTimes(i);
  }
});
