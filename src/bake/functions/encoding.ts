import { constants, hash, privateDecrypt, randomUUID } from "node:crypto";
import { csvDecode } from "./csv.ts";
import { problem, toText, type Value } from "../value.ts";

const bytesOf = (text: Value): Buffer => Buffer.from(toText(text));

/** Functions that write a value in another form. */
export const encodingFunctions = {
  base64decode: (text: Value) => (/^[A-Za-z0-9+/]*={0,2}$/.test(toText(text)) ? Buffer.from(toText(text), "base64").toString() : problem("this is not base64")),
  base64encode: (text: Value) => bytesOf(text).toString("base64"),
  csvdecode: (text: Value) => csvDecode(toText(text)),
  jsondecode: (text: Value) => readJson(toText(text)),
  jsonencode: (value: Value) => writeJson(value),
  md5: (text: Value) => hash("md5", bytesOf(text), "hex"),
  rsadecrypt: (text: Value, key: Value) => decrypted(toText(text), toText(key)),
  sha1: (text: Value) => hash("sha1", bytesOf(text), "hex"),
  sha256: (text: Value) => hash("sha256", bytesOf(text), "hex"),
  sha512: (text: Value) => hash("sha512", bytesOf(text), "hex"),
  urlencode: (text: Value) => encodeURIComponent(toText(text)).replace(/%20/g, "+").replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`),
  uuidv4: () => randomUUID(),
  uuidv5: (namespace: Value, name: Value) => namedUuid(toText(namespace), toText(name)),
} satisfies Record<string, (...args: never[]) => Value>;

/** A text in base64 that was encrypted with the public key of a PEM. */
function decrypted(text: string, key: string): string {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(text, "base64")).toString();
  } catch (error) {
    return problem(`failed to decrypt: ${(error as Error).message}`);
  }
}

/** Of RFC 9562, which also has the namespaces with names. */
const NAMESPACES: Readonly<Record<string, string>> = {
  dns: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", url: "6ba7b811-9dad-11d1-80b4-00c04fd430c8", oid: "6ba7b812-9dad-11d1-80b4-00c04fd430c8", x500: "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
};

function namedUuid(namespace: string, name: string): string {
  const space = Object.hasOwn(NAMESPACES, namespace) ? NAMESPACES[namespace]! : namespace;
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(space)) problem(`uuidv5() doesn't support namespace ${JSON.stringify(namespace)}`);
  const bytes = hash("sha1", Buffer.concat([Buffer.from(space.replaceAll("-", ""), "hex"), Buffer.from(name)]), "buffer").subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function readJson(text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    return problem((error as Error).message);
  }
}

/** Keys are sorted, and `<`, `>` and `&` escaped, as Go writes JSON. */
function writeJson(value: Value): string {
  const sorted = (inner: Value): unknown => {
    if (Array.isArray(inner)) return inner.map(sorted);
    if (typeof inner !== "object" || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item as Value)]));
  };
  return JSON.stringify(sorted(value)).replace(/[<>&]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}
