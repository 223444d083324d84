import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../config/read-config.ts";
import { hasKeysOfItsOwn } from "./keys-of-its-own.ts";

const DATABASE = "metadata: {postgres: {url: postgres:///registry}}\n";
const BUCKET = "storage: {s3: {bucket: images}}\n";
const ACCESS = "access: {htpasswd: users}\n";

test("servers that share a database and a bucket, and have logins, want one key", () => {
  const answers = [ACCESS + DATABASE + BUCKET, ACCESS + DATABASE, ACCESS + BUCKET, DATABASE + BUCKET, `${ACCESS}${DATABASE}${BUCKET}token: {key: key.pem}\n`].map((text) => hasKeysOfItsOwn(readConfig(text, "registry.yaml")));
  assert.deepEqual(answers, [true, false, false, false, false]);
});
