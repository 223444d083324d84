import { compareSync } from "bcryptjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { htpasswdOf } from "../../../test/support/guarded-registry.ts";
import { hashOfNobody } from "./htpasswd.ts";

test("who is not there costs as much as the dearest password, and has none", () => {
  assert.match(hashOfNobody([]), /^\$2b\$05\$/);
  const [low = ""] = htpasswdOf({ a: "pw" }).trim().split(":").slice(1);
  const nobody = hashOfNobody([low, low.replace("$04$", "$10$"), low.replace("$04$", "$09$")]);
  assert.match(nobody, /^\$2b\$10\$[./A-Za-z0-9]{53}$/);
  assert.equal(compareSync("pw", nobody), false);
});
