import { createPrivateKey, X509Certificate } from "node:crypto";
import { basename, join } from "node:path";
import { fault } from "../../std/fault.ts";
import { systemTrust, type PemFile, type Trust } from "../transport/trust.ts";
import { readFolder, readText } from "./read-config.ts";

/** Reads authorities and pairs of certificate and key. @throws ROUTES_INVALID */
export function readTrust(authorities: readonly string[], clients: readonly { readonly certificate: string; readonly key: string }[]): Trust {
  if (authorities.length === 0 && clients.length === 0) return systemTrust;
  return {
    authorities: authorities.map(readCertificate),
    clients: clients.map(({ certificate, key }) => readPair(certificate, key)),
  };
}

/** The trust of a folder in docker's form: `*.crt` are authorities, `*.cert` with `*.key` is a certificate of ours. @throws ROUTES_INVALID */
export function readTrustFolder(folder: string): Trust {
  const names = readFolder(folder);
  const clients = names.filter((name) => name.endsWith(".cert")).map((name) => {
    const key = name.replace(/\.cert$/, ".key");
    if (!names.includes(key)) throw fault("ROUTES_INVALID", { file: join(folder, name), problem: `its key ${key} is missing beside it` });
    return { certificate: join(folder, name), key: join(folder, key) };
  });
  const lonely = names.find((name) => name.endsWith(".key") && !names.includes(name.replace(/\.key$/, ".cert")));
  if (lonely !== undefined) throw fault("ROUTES_INVALID", { file: join(folder, lonely), problem: `its certificate ${basename(lonely, ".key")}.cert is missing beside it; *.crt files are authorities` });
  return readTrust(names.filter((name) => name.endsWith(".crt")).map((name) => join(folder, name)), clients);
}

/** Several as one. */
export function joinTrust(parts: readonly Trust[]): Trust {
  const some = parts.filter((part) => part !== systemTrust);
  return some.length < 2 ? (some[0] ?? systemTrust) : { authorities: some.flatMap(({ authorities }) => authorities), clients: some.flatMap(({ clients }) => clients) };
}

function readCertificate(file: string): PemFile {
  const pem = readNamed(file);
  try {
    new X509Certificate(pem);
  } catch (error) {
    throw fault("ROUTES_INVALID", { file, problem: "it holds no certificate in PEM" }, { cause: error });
  }
  return { file, pem };
}

function readPair(certificateFile: string, keyFile: string): Trust["clients"][number] {
  const certificate = readCertificate(certificateFile);
  const pem = readNamed(keyFile);
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause may quote the key.
    throw fault("ROUTES_INVALID", { file: keyFile, problem: "it holds no private key in PEM that is without a password" });
  }
  if (!new X509Certificate(certificate.pem).checkPrivateKey(key)) throw fault("ROUTES_INVALID", { file: keyFile, problem: `it is not the key of ${certificateFile}` });
  return { certificate, key: { file: keyFile, pem } };
}

function readNamed(file: string): string {
  const text = readText(file);
  if (text === undefined) throw fault("ROUTES_INVALID", { file, problem: "a file of this name is asked for, but it is not there" });
  return text;
}
