'use strict';

// examples/metrics.js: what Prometheus scrapes is what the clients did; and the dashboard asks for nothing else.

const { spawnSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const net = require('net');
const path = require('path');
const tls = require('tls');
const { destroyAtEnd } = require('../helpers');
const { describeWith } = require('../peers/program');
const { folderWithKey } = require('./blocks');
const { FOLDER, example, nextLine, portOf } = require('./run');

const LONG = 100_000;

/** Starts the example: its port, the URL of its metrics, and the process. */
async function started(...more) {
  const running = example('metrics.js', '0', '0', ...more);
  const port = await portOf(running);
  const [, url] = /(http:\S+)$/.exec(await nextLine(running));
  const scrape = async () => (await fetch(`${url}/metrics`)).text();
  return { running, port, url, scrape };
}

/** The values of a text of Prometheus, by the name of each with its labels. */
function valuesIn(text) {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

/** A client that has `length` bytes echoed. */
async function echoed(client, length) {
  client.write(Buffer.alloc(length));
  for (let received = 0; received < length;) received += (await once(client, 'data'))[0].length;
}

async function connected(port) {
  const client = destroyAtEnd(net.connect(port, '127.0.0.1'));
  await once(client, 'connect');
  return client;
}

/** Scrapes until `condition` holds of the values, and returns them. */
async function scrapedWhen(scrape, condition) {
  for (let round = 0; round < 1000; round++) {
    const values = valuesIn(await scrape());
    if (condition(values)) return values;
  }
  throw new Error('It does not come to that.');
}

test('connections and bytes', async () => {
  const { running, port, url, scrape } = await started();
  const before = valuesIn(await scrape());
  expect(before).toMatchObject({ rustnet_connections: 0, rustnet_connections_accepted_total: 0, rustnet_listeners: 1 });
  const clients = [await connected(port), await connected(port), await connected(port)];
  await Promise.all(clients.map((client, i) => echoed(client, LONG + i)));
  clients[0].end();
  await once(clients[0], 'close');
  const bytes = 3 * LONG + 3;
  const values = await scrapedWhen(scrape, ({ rustnet_connections: open }) => open === 2);
  expect(values).toMatchObject({
    rustnet_connections_accepted_total: 3,
    rustnet_connections_closed_total: 1,
    rustnet_read_bytes_total: bytes,
    rustnet_written_bytes_total: bytes,
    rustnet_piped_bytes_total: bytes,
    rustnet_waiting_bytes: 0,
    rustnet_handshakes_completed_total: 0,
  });
  const { connections, bytesRead } = await (await fetch(`${url}/stats`)).json();
  expect([connections.accepted, connections.open, bytesRead]).toEqual([3, 2, bytes]);
  expect((await fetch(`${url}/other`)).status).toBe(404);
  for (const client of clients) client.destroy();
  running.process.kill('SIGTERM');
  expect(await running.exit).toBe(0);
  expect(running.complaints()).toBe('');
});

test('handshakes: done, resumed, failed, and their time', async () => {
  const folder = folderWithKey('localhost');
  const { port, scrape } = await started(folder);
  const options = { port, host: '127.0.0.1', servername: 'localhost', ca: fs.readFileSync(path.join(folder, 'cert.pem')) };
  const first = destroyAtEnd(tls.connect(options));
  const session = once(first, 'session');
  await echoed(first, 10);
  await echoed(destroyAtEnd(tls.connect({ ...options, session: (await session)[0] })), 20);
  const failing = await connected(port);
  failing.on('error', () => {}).resume().write('no hello');
  await once(failing, 'close');
  const values = await scrapedWhen(scrape, ({ rustnet_connections_closed_total: closed }) => closed === 1);
  expect(values).toMatchObject({
    rustnet_handshakes_completed_total: 2,
    rustnet_handshakes_resumed_total: 1,
    'rustnet_handshakes_failed_total{code="ERR_SSL_WRONG_VERSION_NUMBER"}': 1,
    'rustnet_handshake_seconds_bucket{le="+Inf"}': 2,
    rustnet_handshake_seconds_count: 2,
    rustnet_read_bytes_total: 30,
  });
  expect(values.rustnet_handshake_seconds_sum).toBeGreaterThan(0);
});

test('histograms: buckets grow, up to the count', async () => {
  const { port, scrape } = await started();
  await echoed(await connected(port), LONG);
  const values = valuesIn(await scrape());
  for (const name of ['rustnet_turn_seconds', 'rustnet_turn_events']) {
    const buckets = Object.keys(values).filter((key) => key.startsWith(`${name}_bucket`)).map((key) => values[key]);
    expect(buckets.length).toBeGreaterThan(5);
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
    expect(buckets.at(-1)).toBe(values[`${name}_count`]);
    expect(values[`${name}_count`]).toBeGreaterThan(0);
    expect(values[`${name}_sum`]).toBeGreaterThan(0);
  }
});

test('the dashboard asks for metrics that are there, and shows all of them', async () => {
  const dashboard = JSON.parse(fs.readFileSync(path.join(FOLDER, 'grafana-dashboard.json'), 'utf8'));
  const { scrape } = await started();
  const served = new Set([...(await scrape()).matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name, type]) =>
    (type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name])));
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const variables = dashboard.templating.list.flatMap(({ query }) => query?.query ?? []);
  const asked = new Set([...queries, ...variables].flatMap((text) => text.match(/rustnet_\w+/g)));
  expect(queries.length).toBeGreaterThan(15);
  expect([...asked].filter((name) => !served.has(name))).toEqual([]);
  const families = (names) => [...new Set([...names].map((name) => name.replace(/_(bucket|sum|count)$/, '')))].sort();
  expect(families(asked)).toEqual(families(served));
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
});

describeWith(['promtool'], 'Prometheus', () => {
  test('has no objection', async () => {
    const { port, scrape } = await started();
    await echoed(await connected(port), 10);
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await scrape(), encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  test('understands each query of the dashboard', () => {
    const { panels } = JSON.parse(fs.readFileSync(path.join(FOLDER, 'grafana-dashboard.json'), 'utf8'));
    const rules = panels.flatMap(({ targets }) => targets).map(({ expr }, i) =>
      ({ record: `rule:${i}`, expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.*') }));
    const file = path.join(folderWithKey('localhost'), 'rules.json');
    fs.writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${rules.length} rules found`);
  });
});
