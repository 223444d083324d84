import assert from "node:assert/strict";
import { test } from "node:test";
import { accessHint, nameHint, manifestHint } from "./access-words.ts";

const hub = { host: "docker.io", repository: "library/app", scopes: ["repository:library/app:pull,push"] };

test("a push to Docker's own namespace: the name that is meant, with the user where one is known", () => {
  assert.equal(
    accessHint({ ...hub, user: "me", credentialSource: "/f", granted: ["repository:library/app:pull"] }, "denied"),
    "library/ holds Docker's official images only: put a user or organisation before the name, `sampan tag app docker.io/me/app`, and push docker.io/me/app",
  );
  assert.match(accessHint({ ...hub, credentialSource: "/f" }, "denied"), /docker\.io\/USER\/app/);
});

test("a pull from Docker's own namespace: that other images have a user before their name", () => {
  const pull = { ...hub, scopes: ["repository:library/app:pull"] };
  assert.match(accessHint(pull, "unauthorized"), /only official images have no user before the name: docker\.io\/USER\/app/);
  assert.match(nameHint(pull), /docker\.io\/USER\/app/);
});

test("a login that was granted what it asked for, and is refused: that a rule of the registry says so, not that a right is missing", () => {
  const own = { host: "registry.example.com", repository: "prod/shop", user: "me", credentialSource: "/f" };
  for (const action of ["pull", "pull,push"]) {
    assert.match(accessHint({ ...own, scopes: [`repository:prod/shop:${action}`], granted: [`repository:prod/shop:${action}`] }, "denied"), /^me has the right to (pull|push): it is a rule of the registry/);
  }
});

test("without a login: a refusal may be a rule that a login has to meet too, where the registry says anything", () => {
  const own = { host: "registry.example.com", repository: "prod/shop", scopes: ["repository:prod/shop:pull,push"] };
  assert.match(accessHint({ ...own, answer: "DENIED · the tag v1 of prod/shop is immutable" }, "denied"), /^log in with `sampan login registry\.example\.com`.*, unless it is a rule of the registry/);
  for (const hint of [accessHint(own, "denied"), accessHint({ ...own, answer: "UNAUTHORIZED" }, "unauthorized")]) assert.equal(hint, "log in with `sampan login registry.example.com`, and check that the repository exists");
});

test("of a digest that is not there, the tag is not to blame", () => {
  assert.match(manifestHint({ reference: "127.0.0.1:5000/team/app@sha256:0000" }), /^check the digest and the repository/);
  assert.match(manifestHint({ reference: "127.0.0.1:5000/team/app:1" }), /^check the tag/);
});
