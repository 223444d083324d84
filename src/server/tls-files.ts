import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { constants } from "node:crypto";
import { fault } from "../std/fault.ts";
import type { ServerConfig } from "./config/config-schema.ts";
import { fileBeside } from "./config/values.ts";

type TlsConfig = NonNullable<ServerConfig["tls"]>;

/** How often the files are looked at, in milliseconds. Looking works where watching does not: on network disks, and for links that are swapped. */
const INTERVAL = 1000;

/**
 * Reads the certificate, its key and the authorities of clients, and tries them.
 * @throws SERVER_CONFIG_UNREADABLE
 */
export function readTlsFiles(tls: TlsConfig, configFile: string): SecureContextOptions {
  const read = (name: string): Buffer => {
    const file = fileBeside(configFile, name);
    try {
      return readFileSync(file);
    } catch (cause) {
      throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: (cause as Error).message }, { cause });
    }
  };
  const options: SecureContextOptions = {
    cert: read(tls.certificate),
    key: read(tls.key),
    minVersion: "TLSv1.2",
    // Who resumes a session is not asked for a certificate again: one that was let in would stay so when the authorities change.
    ...(tls.clients === undefined ? {} : { ca: read(tls.clients), secureOptions: constants.SSL_OP_NO_TICKET }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file: fileBeside(configFile, tls.certificate), problem: unusable(cause as NodeJS.ErrnoException, tls) }, { cause });
  }
  if (tls.clients !== undefined && !String(options.ca).includes("-----BEGIN CERTIFICATE-----")) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file: fileBeside(configFile, tls.clients), problem: "there is no certificate in it" });
  }
  return options;
}

/** What TLS says of the pair, in words. */
function unusable({ code, message }: NodeJS.ErrnoException, { certificate, key }: TlsConfig): string {
  if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") return `the key ${key} is another certificate's`;
  if (code === "ERR_OSSL_PEM_NO_START_LINE") return `${certificate} has no certificate in PEM, or ${key} no key`;
  return `certificate and key cannot be used: ${message}`;
}

/**
 * Calls back with what the files hold whenever they have changed. What cannot be used is reported once, and the old stays in use.
 * @returns how to stop
 */
export function watchTlsFiles(tls: TlsConfig, configFile: string, { changed, report }: { changed: (options: SecureContextOptions) => void; report: (problem: Error) => void }): () => void {
  const files = [tls.certificate, tls.key, ...(tls.clients === undefined ? [] : [tls.clients])].map((name) => fileBeside(configFile, name));
  const stamp = (): string => files.map(stampOf).join(" ");
  let known = stamp();
  const timer = setInterval(() => {
    const found = stamp();
    if (found === known) return;
    known = found;
    try {
      changed(readTlsFiles(tls, configFile));
    } catch (error) {
      report(error as Error);
    }
  }, INTERVAL).unref();
  return () => clearInterval(timer);
}

function stampOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found ? `${found.ino}-${found.size}-${found.mtimeNs}` : "missing";
}
