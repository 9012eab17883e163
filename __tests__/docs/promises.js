'use strict';

// Which test holds us to which promise of docs/contract.md: its file or folder, and a part of its name. Most tests
// quote the page in their names, so the part is the beginning of the sentence.

const of = (place) => (...parts) => parts.map((part) => [place, part]);

const events = of('server.connection-event');
const listen = of('server.listen');
const isIP = of('net.isIP');
const create = of('net.createConnection');
const connect = of('stream.connect');
const data = of('stream.data-event');
const finished = of('stream.end-event');
const timeout = of('stream.timeout');
const drain = of('stream.drain');
const closing = of('stream.error-close');
const address = of('stream.remoteAddress');
const secure = of('tls/stream.setSecure');
const write = of('stream.write');
const end = of('stream.end');
const destroy = of('stream.destroy');
const pause = of('stream.pause-resume');
const noDelay = of('stream.setNoDelay');
const keepAlive = of('stream.setKeepAlive');

module.exports = {
  'server.1': events('"This class is used to create'),
  'server.2': events('"This is an EventEmitter'),
  'server.3': of('server.echo')('says hello, the echo and goodbye'),
  'server.4': of('server.echo')('"To listen on the socket'),
  'server.connection-event.1': events('"Emitted when a new connection is made.', 'many connections at once'),
  'server.connection-event.2': events('stream is an instance of net.Stream."'),
  'server.close-event.1': of('server.close')('"Emitted when the server closes."'),
  'net.createServer.1': events('"Creates a new TCP server.'),
  'net.createServer.2': events('The connectionListener argument is automatically set'),
  'server.listen.1': listen('"Begin accepting connections'),
  'server.listen.2': listen('"If the host is omitted'),
  'server.listen.3': listen('"This function is asynchronous."'),
  'server.listen.4': listen('"The last parameter callback will be called'),
  'server.listen.5': listen('"Start a UNIX socket server'),
  'server.listen.6': listen('"This function is asynchronous. The last parameter callback'),
  'server.listenFD.1': of('server.listenFD')('a socket of the parent'),
  'server.listenFD.2': of('server.listenFD')('"This file descriptor must have already had'),
  'server.close.1': of('server.close')('"Stops the server from accepting'),
  'server.close.2': of('server.close')('"This function is asynchronous, the server is finally closed'),
  'server.maxConnections.1': of('server.maxConnections')('"Set this property to reject'),
  'server.connections.1': of('server.connections')('"The number of concurrent connections'),
  'net.isIP.1': isIP('"Returns 0 for invalid strings"'),
  'net.isIP.2': isIP('"returns 4 for IP version 4'),
  'net.isIP.3': isIP('"returns 6 for IP version 6'),
  'net.isIPv4.1': isIP('"Returns true if input is a version 4'),
  'net.isIPv6.1': isIP('"Returns true if input is a version 6'),
  'stream.1': create('"This object is an abstraction'),
  'stream.2': create('"net.Stream instance implement a duplex'),
  'stream.3': create('"They can be created by the user'),
  'stream.4': create('"or they can be created by Node'),
  'stream.5': create('"net.Stream instances are EventEmitters"'),
  'stream.connect-event.1': connect('"Emitted when a stream connection successfully is established.'),
  'stream.secure-event.1': secure('"Emitted when a stream connection successfully establishes'),
  'stream.data-event.1': data('"Emitted when data is received."'),
  'stream.data-event.2': data('"The argument data will be'),
  'stream.data-event.3': data('"Encoding of data is set'),
  'stream.end-event.1': finished('"Emitted when the other end'),
  'stream.end-event.2': finished('"By default (allowHalfOpen == false)', 'the pending write queue arrives whole'),
  'stream.end-event.3': finished('"However, by setting allowHalfOpen'),
  'stream.end-event.4': finished('"allowing the user to write'),
  'stream.end-event.5': finished('the user is required to end()'),
  'stream.end-event.6': finished('the readyState will be \'writeOnly\''),
  'stream.timeout-event.1': timeout('"Emitted if the stream times out'),
  'stream.timeout-event.2': timeout('"This is only to notify'),
  'stream.drain-event.1': drain('"Emitted when the write buffer becomes empty."'),
  'stream.drain-event.2': drain('"Can be used to throttle'),
  'stream.error-event.1': closing('"Emitted when an error occurs."'),
  'stream.error-event.2': closing('event will be called directly following'),
  'stream.close-event.1': closing('"Emitted once the stream is fully closed."'),
  'stream.close-event.2': closing('due to a transmission error." (false)', 'due to a transmission error." (true)'),
  'net.createConnection.1': create('"Construct a new stream object'),
  'net.createConnection.2': create('"If the second parameter is omitted'),
  'net.createConnection.3': create('"When the stream is established'),
  'stream.connect.1': connect('"Opens a stream to the specified'),
  'stream.connect.2': connect('"Use this only if a stream is closed'),
  'stream.connect.3': connect('"This function is asynchronous. When'),
  'stream.connect.4': connect('"If there is a problem connecting'),
  'stream.remoteAddress.1': address('"The string representation'),
  'stream.remoteAddress.2': address('"This member is only present'),
  'stream.readyState.1': of('stream.readyState')('"Either \'closed\''),
  'stream.setEncoding.1': of('stream.setEncoding')('"Sets the encoding'),
  'stream.setSecure.1': secure('"Enables SSL support'),
  'stream.setSecure.2': secure('"with the crypto module credentials'),
  'stream.setSecure.3': secure('"If the credentials hold one ore more CA'),
  'stream.setSecure.4': secure('"The validity and content of this'),
  'stream.verifyPeer.1': of('tls/stream.verifyPeer')('"Returns true or false depending'),
  'stream.getPeerCertificate.1': of('tls/stream.getPeerCertificate')('"Returns a JSON structure'),
  'stream.write.1': write('"Sends data on the stream."'),
  'stream.write.2': write('"The second parameter specifies'),
  'stream.write.3': write('"it defaults to ASCII'),
  'stream.write.4': write('"Returns true if the entire data'),
  'stream.write.5': write('"Returns false if all or part'),
  'stream.end.1': end('"Half-closes the stream.'),
  'stream.end.2': end('"It is possible the server will still send'),
  'stream.end.3': end('"After calling this readyState'),
  'stream.end.4': end('"If data is specified'),
  'stream.destroy.1': destroy('"Ensures that no more I/O activity'),
  'stream.destroy.2': destroy('"Only necessary in case of errors'),
  'stream.pause.1': pause('"Pauses the reading of data.'),
  'stream.pause.2': pause('"Useful to throttle back'),
  'stream.resume.1': pause('"Resumes reading after'),
  'stream.setTimeout.1': timeout('"Sets the stream to timeout after'),
  'stream.setTimeout.2': timeout('"By default net.Stream do not have'),
  'stream.setTimeout.3': timeout('the connection will not be severed'),
  'stream.setTimeout.4': timeout('"If timeout is 0'),
  'stream.setNoDelay.1': noDelay('"By default TCP connections use'),
  'stream.setNoDelay.2': noDelay('"Disables the Nagle algorithm."'),
  'stream.setNoDelay.3': noDelay('"Setting noDelay will immediately'),
  'stream.setKeepAlive.1': keepAlive('"Enable/disable keep-alive'),
  'stream.setKeepAlive.2': keepAlive('"and optionally set the initial delay'),
  'stream.setKeepAlive.3': keepAlive('"Set initialDelay (in milliseconds)'),
  'stream.setKeepAlive.4': keepAlive('"Setting 0 for initialDelay'),
};
