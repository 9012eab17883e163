// TLS: net.createCredentials (D19), stream.setSecure and what a secure stream knows (D20 to D24)

import { X509Certificate } from 'node:crypto';
import { connect, createCredentials, createServer } from 'rust-net';
import type {
  Cipher,
  CredentialArchive,
  CredentialData,
  CredentialKey,
  CredentialOptions,
  Credentials,
  PeerCertificate,
  SecureOptions,
  TlsError,
} from 'rust-net';
import type { Expect, Same } from './same.js';

const bytes = Buffer.alloc(48);
const stream = connect(443);

// net.createCredentials
export type Made = Expect<Same<ReturnType<typeof createCredentials>, Credentials>>;
const credentials: Credentials = createCredentials();
createCredentials({
  ocsp: async (certificate, { issuer, signal }) => {
    signal.throwIfAborted();
    return Buffer.from(certificate.serialNumber + String(issuer?.subject));
  },
}).on('stapled', ({ fingerprint256 }) => fingerprint256.length);
createCredentials({ key: 'pem', cert: 'pem', passphrase: 'secret', ca: 'pem', crl: 'pem' });
createCredentials({ key: bytes, cert: bytes, ca: [bytes, 'pem'], crl: [bytes, new Uint8Array(1), new ArrayBuffer(1)] });
createCredentials({ key: [bytes, { pem: 'pem' }, { pem: bytes, passphrase: 'secret' }], cert: ['pem', bytes, 'pem'] });
createCredentials({ pfx: bytes, passphrase: 'secret' });
createCredentials({ pfx: [bytes, { buf: bytes }, { buf: bytes, passphrase: 'secret' }] });
createCredentials({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.3', ciphers: 'HIGH:!AES128' });
createCredentials({ ALPNProtocols: ['h2', Buffer.from('http/1.1')] });
createCredentials({ ALPNProtocols: bytes, servername: 'localhost', requestCert: true, rejectUnauthorized: true });
createCredentials({
  checkServerIdentity: (hostname, certificate) =>
    certificate.issuerCertificate.fingerprint256 === hostname ? undefined : new Error('pinned'),
  secureProtocol: 'TLSv1_2_method',
  secureOptions: 0,
  sigalgs: 'ECDSA+SHA256',
  ecdhCurve: 'X25519',
  honorCipherOrder: false,
  sessionIdContext: 'one',
});
createCredentials({ sessionTimeout: 0, ticketKeys: bytes, handshakeTimeout: 1000, keylog: '/tmp/secrets' });
createCredentials({
  keylog(line) {
    const same: Expect<Same<typeof line, Buffer>> = true;
    return same;
  },
});
createCredentials({
  contexts: { 'example.com': credentials, '*.example.org': { key: 'pem', cert: 'pem' } },
  SNICallback(servername, callback) {
    const same: Expect<Same<typeof servername, string>> = true;
    callback(new Error(servername));
    callback(null, credentials);
    callback(null, { key: 'pem', cert: 'pem' });
    callback(null, null);
    callback();
    // @ts-expect-error: neither credentials nor options
    callback(null, 'pem');
    return same;
  },
});
export const data: CredentialData[] = ['pem', bytes];
export const keys: CredentialKey[] = ['pem', { pem: bytes }];
export const archives: CredentialArchive[] = [bytes, { buf: bytes }];
export const options: CredentialOptions = { ca: data, key: keys, pfx: archives, servername: undefined };
const frozen: readonly string[] = Object.freeze(['pem']);
createCredentials({ ca: frozen, ALPNProtocols: frozen });
// @ts-expect-error: the passphrase belongs to `pem`
createCredentials({ key: { buf: bytes } });
// @ts-expect-error: an archive is no text
createCredentials({ pfx: 'pem' });
// @ts-expect-error: no maximum that can be met
createCredentials({ maxVersion: 'TLSv1.1' });
// @ts-expect-error: no such version
createCredentials({ minVersion: 'SSLv3' });
// @ts-expect-error: a list is one string
createCredentials({ ciphers: ['HIGH'] });
// @ts-expect-error: several protocols are an array
createCredentials({ ALPNProtocols: 'h2' });
// @ts-expect-error: a boolean
createCredentials({ rejectUnauthorized: 1 });
// @ts-expect-error: keys are bytes
createCredentials({ ticketKeys: 'secret' });
// @ts-expect-error: a span is a number
createCredentials({ sessionTimeout: '300' });
// @ts-expect-error: no such option
createCredentials({ verifyNames: true });
// @ts-expect-error: it has been read already
createCredentials(credentials);
// @ts-expect-error: options are an object
createCredentials(null);

// Credentials are opaque.
export type TicketKeys = Expect<Same<ReturnType<typeof credentials.getTicketKeys>, Buffer>>;
credentials.setTicketKeys(credentials.getTicketKeys());
// @ts-expect-error: keys are bytes
credentials.setTicketKeys('secret');
// @ts-expect-error: only createCredentials() makes them
export const fake: Credentials = { getTicketKeys: () => bytes, setTicketKeys() {} };

// stream.setSecure([credentials])
stream.setSecure().setSecure(null).setSecure(undefined, {}).pause();
stream.setSecure(credentials).setSecure({ ca: 'pem' }).setSecure(credentials, { servername: 'localhost' });
createServer((accepted) => accepted.setSecure(credentials, { isServer: true }).resume());
export const how: SecureOptions = { isServer: undefined, servername: undefined };
// @ts-expect-error: credentials are an object
stream.setSecure('pem');
// @ts-expect-error: a name is text
stream.setSecure(credentials, { servername: 1 });
// @ts-expect-error: no such option
stream.setSecure(credentials, { rejectUnauthorized: true });
// @ts-expect-error: nor are they null
stream.setSecure(credentials, null);

// stream.verifyPeer: "Returns true or false"
export const verified: boolean = stream.verifyPeer();
export type Reason = Expect<Same<typeof stream.authorizationError, string | null>>;
export const flags: boolean[] = [stream.encrypted, stream.authorized, stream.truncated, stream.isSessionReused()];
// @ts-expect-error: a verdict, not a setting
stream.authorized = true;
// @ts-expect-error: see setSecure()
stream.encrypted = true;
// @ts-expect-error: told by the stream
stream.truncated = false;

// stream.getPeerCertificate: "a dictionary with keys for [...] 'subject', 'issuer', 'valid_from' and 'valid_to'" (D20)
export const { subject, issuer, valid_from, valid_to, fingerprint } = stream.getPeerCertificate();
export type Name = Expect<Same<typeof subject, string | undefined>>;
export const own: Partial<PeerCertificate> = stream.getCertificate();
export const whole: PeerCertificate = { subject: '', issuer: '', valid_from: '', valid_to: '', fingerprint: '' };
export type Parsed = Expect<Same<ReturnType<typeof stream.getPeerX509Certificate>, X509Certificate | undefined>>;
// @ts-expect-error: that is in getPeerX509Certificate()
stream.getPeerCertificate().serialNumber;

// What was agreed on.
export type Suite = Expect<Same<ReturnType<typeof stream.getCipher>, Cipher | undefined>>;
export const names: string[] = Object.values(stream.getCipher() ?? {});
export type Version = Expect<Same<ReturnType<typeof stream.getProtocol>, 'TLSv1.2' | 'TLSv1.3' | null>>;
export type Protocol = Expect<Same<typeof stream.alpnProtocol, string | false>>;
export type Asked = Expect<Same<typeof stream.servername, string | false>>;
export const material: Buffer = stream.exportKeyingMaterial(32, 'EXPORTER-mine');
stream.exportKeyingMaterial(32, 'EXPORTER-mine', 'text').readUInt8();
stream.exportKeyingMaterial(32, 'EXPORTER-mine', new Uint8Array(1));
// @ts-expect-error: of what?
stream.exportKeyingMaterial(32);
// @ts-expect-error: a label is text
stream.exportKeyingMaterial(32, bytes);

// Event: 'secure'
stream.on('secure', () => {}).once('secureConnect', () => {}).emit('secure');
stream.on('error', (error: TlsError) => [error.code, error.alert?.length]);
// @ts-expect-error: 'secure' gives nothing
stream.on('secure', (verdict: boolean) => verdict);
