import { readFileSync } from "node:fs";
import { getCACertificates, rootCertificates } from "node:tls";

/** Where distributions keep their bundle, as Go's crypto/x509 looks for it on Linux. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/**
 * The authorities to trust, as PEM: Node's own with NODE_EXTRA_CA_CERTS, the system's bundle (SSL_CERT_FILE
 * names another one), and `more`. A bundle that cannot be read counts as empty, as in OpenSSL.
 */
export function trustedCertificates(
  environment: Readonly<Record<string, string | undefined>>,
  more: readonly string[] = [],
): string[] {
  const own = typeof getCACertificates === "function" ? getCACertificates("default") : [...rootCertificates];
  const named = environment["SSL_CERT_FILE"];
  const system = named ? read(named) : BUNDLES.map(read).find((text) => text !== "");
  return [...own, ...(system ? [system] : []), ...more];
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
