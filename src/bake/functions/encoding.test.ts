import assert from "node:assert/strict";
import { constants, generateKeyPairSync, publicEncrypt } from "node:crypto";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { csvDecode } from "./csv.ts";
import { encodingFunctions } from "./encoding.ts";

test("rsadecrypt reads what was encrypted with the public key, and says what it cannot read", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const key = privateKey.export({ type: "pkcs1", format: "pem" }) as string;
  const text = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.from("secret")).toString("base64");
  assert.equal(encodingFunctions.rsadecrypt(text, key), "secret");
  assert.throws(() => encodingFunctions.rsadecrypt(text, "no key"), (error) => isFault(error, "BAKE_EXPRESSION"));
});

test("CSV that is not well formed is refused", () => {
  for (const text of ["", "a,a\n", "a,b\n1\n", 'a\nx"y\n', 'a\n"open\n']) assert.throws(() => csvDecode(text), (error) => isFault(error, "BAKE_EXPRESSION"), JSON.stringify(text));
  assert.deepEqual(csvDecode("a"), []);
});
