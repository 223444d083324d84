import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isFault } from "../../std/fault.ts";
import { writeHelper, writeOddHelper } from "../../../test/support/credential-helper.ts";
import { helperErase, helperGet, helperList, helperStore, type HelperOptions } from "./credential-helper.ts";

const use = { name: "t", file: "config.json", key: "credsStore" } as const;

function place(t: TestContext): { folder: string; options: HelperOptions } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-helper-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, options: { environment: { PATH: `${folder}/bin:${process.env["PATH"]}` } } };
}

test("a helper keeps, gives, lists and forgets a login, and the secret goes by standard input", async (t) => {
  const { folder, options } = place(t);
  const helper = writeHelper(folder, "t");
  assert.equal(await helperGet(use, "r.example", options), undefined);
  await helperStore(use, "r.example", { username: "me", secret: "SECRET" }, options);
  assert.deepEqual(await helperGet(use, "r.example", options), { username: "me", password: "SECRET", source: "docker-credential-t (credsStore in config.json)" });
  assert.deepEqual(await helperList(use, options), { "r.example": "me" });
  await helperErase(use, "r.example", options);
  await helperErase(use, "r.example", options);
  assert.deepEqual(helper.kept(), {});
  assert.doesNotMatch(helper.calls().join(), /SECRET/);
});

const troubles: Record<string, [string, RegExp]> = {
  "its own words on standard output": ["echo 'error getting credentials - err: the keyring is locked'; exit 1", /ended with status 1: error getting credentials - err: the keyring is locked$/],
  "no words": ["exit 7", /`get` ended with status 7$/],
  "a signal": ["kill -9 $$", /ended with SIGKILL/],
  "an answer that is no JSON": ["echo SECRET", /not a JSON object$/],
  "an answer without the members": ["echo '{\"Secret\":5}'", /has no Username and Secret$/],
  "a failure with a secret in it": ["echo '{\"Secret\":\"SECRET\"}'; exit 1", /status 1$/],
  "an answer without end": ["while :; do echo SECRETSECRETSECRETSECRET; done", /longer than 65536 bytes$/],
  "control characters": ["printf 'a\\033[2Jb\\nc'; exit 1", /: a \[2Jb c$/],
};

for (const [what, [script, message]] of Object.entries(troubles)) {
  test(`a helper with ${what} is CREDENTIAL_HELPER, without a secret`, async (t) => {
    const { folder, options } = place(t);
    writeOddHelper(folder, "t", script);
    await assert.rejects(helperGet(use, "r.example", options), (error) => {
      assert.ok(isFault(error, "CREDENTIAL_HELPER"));
      assert.match(error.message, message);
      assert.doesNotMatch(JSON.stringify([error.message, error.hint, error.details, String(error.cause)]), /SECRET/);
      return true;
    });
  });
}

test("a helper that says the password which it should keep is not quoted", async (t) => {
  const { folder, options } = place(t);
  writeOddHelper(folder, "t", "echo cannot keep s3cret; exit 1");
  await assert.rejects(helperStore(use, "r.example", { username: "me", secret: "s3cret" }, options), (error) => isFault(error, "CREDENTIAL_HELPER") && !error.message.includes("s3cret"));
});

test("a helper that does not answer in time is given up, also when what it started lives on", async (t) => {
  const { folder, options } = place(t);
  writeOddHelper(folder, "t", "sleep 5 & sleep 5");
  await assert.rejects(helperGet(use, "r.example", { ...options, timeout: 200 }), (error) => isFault(error, "CREDENTIAL_HELPER") && /did not answer `get` within 0\.2 s/.test(error.message));
});

test("a helper that is not there is named, with what to do", async (t) => {
  const { options } = place(t);
  await assert.rejects(helperGet({ ...use, name: "sampan-none" }, "r.example", options), (error) => isFault(error, "CREDENTIAL_HELPER") && /not installed/.test(error.message) && /install docker-credential-sampan-none/.test(error.hint!));
});
