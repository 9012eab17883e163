'use strict';

// An echo server whose metrics Prometheus can scrape, from a second port that only this machine can reach:
//
//   node examples/metrics.js 7000 9400
//   curl http://127.0.0.1:9400/metrics
//   npx rust-net top http://127.0.0.1:9400/stats
//
// With the path of a folder as third argument, it is an echo server over TLS, with the key.pem and cert.pem of that.
// grafana-dashboard.json is a dashboard of these metrics. They are read from `net.stats()` when they are asked for.

const http = require('node:http');
const path = require('node:path');
const { Registry } = require('prom-client');
const net = require('..'); // require('rust-net') in a project of your own

/** A value without labels. */
const one = (value) => [{ value, labels: {} }];

/** Values by the name of something: `{ 'max-connections': 3 }`. */
const by = (label, counts) => Object.entries(counts).map(([name, value]) => ({ value, labels: { [label]: name } }));

/** Without the digits that a division leaves. */
const rounded = (value) => Number(value.toPrecision(12));

/** What Prometheus has of a histogram: how many values were no larger than each bound. */
function buckets(name, { bounds, counts, count, sum }, unit) {
  let below = 0;
  const upTo = bounds.map((bound, at) => {
    below += counts[at];
    return { metricName: `${name}_bucket`, labels: { le: rounded(bound * unit) }, value: below };
  });
  return [
    ...upTo,
    { metricName: `${name}_bucket`, labels: { le: '+Inf' }, value: count },
    { metricName: `${name}_sum`, labels: {}, value: sum * unit },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}

const SECONDS = 1 / 1000;

/** Each metric: its type, what it means, and its values, of what `net.stats()` returns. */
const METRICS = {
  rustnet_connections: ['gauge', 'Open connections', (stats) => one(stats.connections.open)],
  rustnet_connections_connecting: ['gauge', 'Attempts to connect under way', (stats) => one(stats.connections.connecting)],
  rustnet_connections_accepted_total: ['counter', 'Connections accepted', (stats) => one(stats.connections.accepted)],
  rustnet_connections_connected_total: ['counter', 'Connections made', (stats) => one(stats.connections.connected)],
  rustnet_connections_closed_total: ['counter', 'Connections closed', (stats) => one(stats.connections.closed)],
  rustnet_connections_dropped_total: ['counter', 'Connections refused', (stats) => by('reason', stats.connections.dropped)],
  rustnet_connections_failed_total: ['counter', 'Failed attempts to connect', (stats) => by('code', stats.connections.failed)],
  rustnet_listeners: ['gauge', 'Sockets that listen', (stats) => one(stats.listeners)],

  rustnet_read_bytes_total: ['counter', 'Bytes received', (stats) => one(stats.bytesRead)],
  rustnet_written_bytes_total: ['counter', 'Bytes taken for sending', (stats) => one(stats.bytesWritten)],
  rustnet_waiting_bytes: ['gauge', 'Bytes that wait for the kernel', (stats) => one(stats.bytesWaiting)],
  rustnet_piped_bytes_total: ['counter', 'Bytes piped without JavaScript', (stats) => one(stats.pipes.bytes)],

  rustnet_handshakes: ['gauge', 'TLS handshakes under way', (stats) => one(stats.handshakes.underWay)],
  rustnet_handshakes_waiting: ['gauge', 'TLS handshakes that wait', (stats) => one(stats.handshakes.waiting)],
  rustnet_handshakes_completed_total: ['counter', 'TLS handshakes done', (stats) => one(stats.handshakes.completed)],
  rustnet_handshakes_resumed_total: ['counter', 'TLS sessions resumed', (stats) => one(stats.handshakes.resumed)],
  rustnet_handshakes_failed_total: ['counter', 'TLS handshakes failed', (stats) => by('code', stats.handshakes.failed)],
  rustnet_handshake_seconds: ['histogram', 'Time of a TLS handshake',
    (stats, name) => buckets(name, stats.handshakes.time, SECONDS)],

  rustnet_turn_seconds: ['histogram', 'Time of a turn, with the JavaScript that it calls',
    (stats, name) => buckets(name, stats.turns.time, SECONDS)],
  rustnet_turn_events: ['histogram', 'Events of a turn', (stats, name) => buckets(name, stats.turns.events, 1)],
  rustnet_memory_bytes: ['gauge', 'Memory of the engine', (stats) => by('part', stats.memory)],
};

const registry = new Registry();
for (const [name, [type, help, valuesOf]] of Object.entries(METRICS)) {
  registry.registerMetric({ name, help, type, get: () => ({ name, help, type, values: valuesOf(net.stats(), name) }) });
}

/** Answers `/metrics` and `/stats`. */
async function answer(request, response) {
  if (request.url === '/metrics') {
    response.setHeader('content-type', registry.contentType);
    response.end(await registry.metrics());
  } else if (request.url === '/stats') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(net.stats()));
  } else {
    response.writeHead(404).end();
  }
}

const [port = 0, metricsPort = 0, folder] = process.argv.slice(2);

const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => path.join(folder ?? '', name));
const credentials = folder ? net.createCredentials({ keyFile, certFile, watch: true }) : null;

const server = net.createServer((stream) => {
  stream.on('error', () => {}); // it is counted
  if (credentials) stream.setSecure(credentials);
  stream.pipe(stream);
});

// Node's own http: its connections are not among what is counted, unless this runs under rust-net/register.
const metrics = http.createServer((request, response) => void answer(request, response));

server.listen(Number(port), '127.0.0.1', () => {
  console.log(`metrics: echoing on 127.0.0.1:${server.address().port}`);
  metrics.listen(Number(metricsPort), '127.0.0.1', () => {
    console.log(`metrics: on http://127.0.0.1:${metrics.address().port}`);
  });
});

process.once('SIGTERM', async () => {
  metrics.close().closeAllConnections();
  await server.shutdown();
});
