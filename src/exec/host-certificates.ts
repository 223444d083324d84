import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { attach, cloneMount, detach, MOUNT_ATTR, newFileSystem, restrictMount } from "../linux/mount.ts";

/** Where distributions keep the bundle of trusted CAs (Go, crypto/x509/root_linux.go). */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** In /dev, which is in memory, so that no layer keeps anything of it. */
const SHOWN = "/dev/.sampan/ca-certificates.crt";

const VARIABLES = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"];

/** Larger files are no bundle of certificates. */
const LIMIT = 16 * 1024 * 1024;

/** The host's CA bundle: what SSL_CERT_FILE names, else where the distribution keeps it. */
export function findHostBundle(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const named = env["SSL_CERT_FILE"];
  return [...(named ? [named] : []), ...BUNDLES].find((path) => existsSync(path));
}

/** The text of a bundle; nothing where it cannot be read. */
export function readHostBundle(path: string): string | undefined {
  try {
    const stat = statSync(path);
    // Without a size: a symlink of an image into /proc, where reading may never end.
    return stat.isFile() && stat.size > 0 && stat.size <= LIMIT ? readFileSync(path, "latin1") : undefined;
  } catch {
    return undefined;
  }
}

/** A bundle for the container, the file that it is to be shown as, and the variables that point there. */
export interface ShownCertificates {
  readonly text: string;
  readonly path: string;
  readonly env: readonly string[];
}

/**
 * The image's own CAs and the host's in one bundle; nothing where the image trusts all of the host's already. The
 * root of this process is the image's. The image's own bundle is left alone: a mount over it would make
 * `update-ca-certificates` fail.
 */
export function joinCertificates(hostBundle: string): ShownCertificates | undefined {
  const own = BUNDLES.map(readHostBundle).find((text) => text !== undefined) ?? "";
  const known = new Set(certificates(own));
  const added = certificates(hostBundle).filter((certificate) => !known.has(certificate));
  if (added.length === 0) return undefined;
  return { text: `${[...known, ...added].join("\n")}\n`, path: SHOWN, env: VARIABLES.map((name) => `${name}=${SHOWN}`) };
}

/** Shows them in the container, whose /dev is mounted: from memory of their own, as a RUN may have asked for less at /dev than they need. */
export function showCertificates({ text, path }: ShownCertificates): void {
  const closed = MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC;
  const folder = dirname(path);
  mkdirSync(folder, { mode: 0o755, recursive: true });
  attach(newFileSystem("tmpfs", {}, closed), folder);
  writeFileSync(path, text, { mode: 0o444 });
  const file = cloneMount(path);
  restrictMount(file, MOUNT_ATTR.RDONLY | closed);
  detach(folder);
  writeFileSync(path, "");
  attach(file, path);
}

function certificates(bundle: string): string[] {
  return bundle.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
}
