import { hash, randomUUID } from "node:crypto";
import { problem, toText, type Value } from "../value.ts";

const bytesOf = (text: Value): Buffer => Buffer.from(toText(text));

/** Functions that write a value in another form. */
export const encodingFunctions = {
  base64decode: (text: Value) => (/^[A-Za-z0-9+/]*={0,2}$/.test(toText(text)) ? Buffer.from(toText(text), "base64").toString() : problem("this is not base64")),
  base64encode: (text: Value) => bytesOf(text).toString("base64"),
  jsondecode: (text: Value) => readJson(toText(text)),
  jsonencode: (value: Value) => writeJson(value),
  md5: (text: Value) => hash("md5", bytesOf(text), "hex"),
  sha1: (text: Value) => hash("sha1", bytesOf(text), "hex"),
  sha256: (text: Value) => hash("sha256", bytesOf(text), "hex"),
  sha512: (text: Value) => hash("sha512", bytesOf(text), "hex"),
  urlencode: (text: Value) => encodeURIComponent(toText(text)).replace(/%20/g, "+").replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`),
  uuidv4: () => randomUUID(),
} satisfies Record<string, (...args: never[]) => Value>;

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
