'use strict';

// graphql-yoga with http.createServer and https.createServer: queries, mutations, subscriptions, by the global fetch.

const { createSchema, createYoga } = require('graphql-yoga');
const http = require('http');
const https = require('https');
const { TEXT, atOnce, closed, digest, identities, listening, report } = require('./common');

const schema = createSchema({
  typeDefs: `
    type Query { hello(name: String!): String! address: String! }
    type Mutation { digest(text: String!): String! }
    type Subscription { count(to: Int!): Int! }
  `,
  resolvers: {
    Query: {
      hello: (_, { name }) => `Hello ${name}`,
      address: (_, args, { req }) => req.socket.remoteAddress,
    },
    Mutation: { digest: (_, { text }) => digest(text) },
    Subscription: {
      count: {
        async *subscribe(_, { to }) {
          for (let i = 0; i < to; i++) yield { count: i };
        },
      },
    },
  },
});

/** The data of the events in `response`, as they come. */
async function* events(response) {
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const whole = text.split('\n\n');
    text = whole.pop();
    for (const event of whole) {
      const [, data] = /^data: (.+)$/m.exec(event) ?? [];
      if (data !== undefined) yield JSON.parse(data).data;
    }
  }
}

async function exercise(credentials) {
  const yoga = createYoga({ schema, logging: false });
  const server = credentials ? https.createServer(credentials, yoga) : http.createServer(yoga);
  await listening(server, 0, '127.0.0.1');
  const url = `${credentials ? 'https' : 'http'}://localhost:${server.address().port}/graphql`;

  async function post(query, variables, headers = {}) {
    const given = { 'content-type': 'application/json', ...headers };
    return fetch(url, { method: 'POST', headers: given, body: JSON.stringify({ query, variables }) });
  }

  async function ask(query, variables) {
    return (await (await post(query, variables)).json()).data;
  }

  const { hello, address } = await ask('query ($name: String!) { hello(name: $name) address }', { name: TEXT });
  const long = TEXT.repeat(20_000);
  const posted = await ask('mutation ($text: String!) { digest(text: $text) }', { text: long });
  const many = await atOnce(50, (i) => ask('query ($name: String!) { hello(name: $name) }', { name: `${i}` }));
  const counted = [];
  const subscription = await post('subscription { count(to: 50) }', {}, { accept: 'text/event-stream' });
  for await (const { count } of events(subscription)) counted.push(count);
  server.closeAllConnections();
  await closed(server);
  return {
    hello,
    address,
    posted: posted.digest === digest(long),
    manyAtOnce: many.every((data, i) => data.hello === `Hello ${i}`),
    counted: counted.every((count, i) => count === i) && counted.length,
  };
}

report(async () => ({ plain: await exercise(), secure: await exercise(identities.server) }));
