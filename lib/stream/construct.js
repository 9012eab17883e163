'use strict';

// What the constructor of net.Stream does with its options.

const { Duplex } = require('stream');
const { boundSocket, socketOptions, validateBlockList, validateFd, validateInteger } = require('../arguments');
const errors = require('../errors');
const { isNodesHandle } = require('../nodes-handles');
const { kAdopt } = require('../symbols');
const { nextTick } = require('../timers');
const { adopt, adoptHandle, connectFrom, limitToAccess } = require('./adopting');
const { attach } = require('./connecting');
const { DuplexOptions } = require('./duplex-options');
const { kContract, setFields } = require('./fields');
const { isOnread } = require('./onread');
const { onReadableStreamEnd } = require('./peers-end');
const { readInto, startReading } = require('./reading');

/** Makes `stream` of the options of the program. */
function construct(stream, options) {
  if (typeof options === 'number') options = { fd: options };
  // Duplex takes null for its default; a server does not.
  else if (options?.highWaterMark === null) options = { ...options, highWaterMark: undefined };
  options = socketOptions(options);
  for (const mode of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
    if (options[mode]) throw errors.invalidArgumentValue(`options.${mode}`, options[mode], 'is not supported');
  }
  if (options.blockList) validateBlockList(options.blockList, 'options.blockList');
  const isHandle = isNodesHandle(options.handle);
  // One without a descriptor is like none.
  const handle = isHandle && options.handle.fd >= 0 ? options.handle : null;
  const bound = isHandle ? null : boundSocket(options.handle, 'options.handle');
  const { typeOfService } = options;
  if (typeOfService !== undefined) validateInteger(typeOfService, 'options.typeOfService', 0, 255);
  const adoptsDescriptor = options.fd !== undefined && bound === null && handle === null;
  if (adoptsDescriptor) limitToAccess(options, validateFd(options.fd));
  else if (handle !== null) limitToAccess(options, handle.fd);
  initialize(stream, new DuplexOptions(stream[kContract], options));
  if (isOnread(options.onread)) readInto(stream, options.onread);
  if (options.blockList) stream.blockList = options.blockList;
  if (options.noDelay) stream.setNoDelay();
  if (options.keepAlive) {
    stream.setKeepAlive(true, options.keepAliveInitialDelay, options.keepAliveInterval, options.keepAliveCount);
  }
  if (typeOfService !== undefined) stream.setTypeOfService(typeOfService);
  // Last, when nothing else can throw.
  if (bound !== null) connectFrom(stream, bound[kAdopt]());
  if (!adoptsDescriptor && handle === null) return;
  attach(stream, handle === null ? adopt(options.fd) : adoptHandle(handle));
  if (options.pauseOnCreate) stream.pause();
  if (options.readable !== false && !options.manualStart) nextTick(startReading, stream);
}

/** Makes `stream` of the options that a server shares among the streams that it accepts. */
function initialize(stream, options) {
  setFields(stream);
  // An aborted signal destroys the stream in here.
  Duplex.call(stream, options);
  if (stream[kContract].writeAfterPeersEndBreaks) stream.on('end', onReadableStreamEnd);
}

module.exports = { construct, initialize };
