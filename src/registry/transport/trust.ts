/** A text in PEM and the file that it was read from. */
export interface PemFile {
  readonly file: string;
  readonly pem: string;
}

/** What TLS needs beside what the system trusts. */
export interface Trust {
  readonly authorities: readonly PemFile[];
  /** Certificates that we show, with their keys. */
  readonly clients: readonly { readonly certificate: PemFile; readonly key: PemFile }[];
}

export const systemTrust: Trust = { authorities: [], clients: [] };

const withoutClients = new WeakMap<Trust, Trust>();

/** The same authorities without our certificates, for other hosts; always the same object, as connections are kept by it. */
export function authoritiesOf(trust: Trust): Trust {
  if (trust.authorities.length === 0) return systemTrust;
  if (trust.clients.length === 0) return trust;
  let reduced = withoutClients.get(trust);
  if (!reduced) withoutClients.set(trust, (reduced = { authorities: trust.authorities, clients: [] }));
  return reduced;
}

/** What two endpoints must have in common to share connections. */
export function trustKey({ authorities, clients }: Trust): string {
  return [...authorities, ...clients.flatMap(({ certificate, key }) => [certificate, key])].map(({ file }) => file).join("\n");
}
