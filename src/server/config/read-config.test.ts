import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { readConfig } from "./read-config.ts";
import { parseSpan } from "./values.ts";

function problems(text: string): string[] {
  try {
    readConfig(text, "r.yaml");
  } catch (error) {
    assert.ok(isFault(error, "SERVER_CONFIG_INVALID"), String(error));
    return error.message.split("\n").slice(1).map((line) => line.trim());
  }
  assert.fail("it was taken for valid");
}

test("an empty file is a configuration with all defaults", () => {
  const config = readConfig("", "r.yaml");
  assert.equal(config.access, undefined);
  assert.deepEqual([config.token.expires, config.token.service], [300_000, "sampan-registry"]);
});

test("durations", () => {
  assert.deepEqual(["2s", "1h30m", "1.5d", "500ms", "0", "", "5", "s", "-1s", "1y", "9".repeat(13) + "s"].map(parseSpan), [2000, 5_400_000, 129_600_000, 500, 0, undefined, undefined, undefined, undefined, undefined, undefined]);
});

test("every problem is named with line and place, and what was meant", () => {
  const text = `access:
  htpaswd: x
  grants:
    - {who: group:core, role: writer, repositorys: "a/*"}
    - {who: "group:", role: reader, repositories: []}
limits: {manifest: 1MB, sparse: some}
token: {expires: 5}
gcc: {}
`;
  const found = problems(text);
  for (const part of [
    'r.yaml:2: access.htpaswd: "htpaswd" means nothing here: did you mean htpasswd?',
    "r.yaml:4: access.grants[0].repositories: it is missing",
    'r.yaml:4: access.grants[0].repositorys: "repositorys" means nothing here: did you mean repositories?',
    "r.yaml:5: access.grants[1].who[0]: write anonymous, authenticated, user:NAME, group:NAME or robot:NAME",
    "r.yaml:5: access.grants[1].repositories: the list is empty",
    "r.yaml:6: limits.manifest: manifests of 4 MiB have to be taken (distribution-spec)",
    "r.yaml:7: token.expires: it is no duration: write 30s, 10m, 24h or 7d",
  ]) assert.ok(found.includes(part), `${part}\nis not in\n${found.join("\n")}`);
  assert.ok(found.some((line) => line.startsWith('r.yaml:8: gcc: "gcc" means nothing here')));
});

test("a rule of retention that would keep nothing is refused", () => {
  const rule = (keep: string): string[] => problems(`retention: {rules: [{repositories: "**", keep: {${keep}}}]}`);
  for (const keep of ["last: 0", "versions: 0", "pushedWithin: 0", "pulledWithin: 0s", "signed: false"]) assert.equal(rule(keep).length, 1, keep);
  assert.deepEqual(rule("versions: 0"), ["r.yaml:1: retention.rules[0].keep.versions: it is below 1"]);
});
test("a redirect that nobody would get is refused", () => {
  const redirect = "internalRedirect: {header: X-Accel-Redirect, path: /blobs/}\n";
  assert.deepEqual(problems(redirect), ["r.yaml:1: internalRedirect: nobody gets it without trustedProxies: name the server in front there"]);
  assert.equal(problems(redirect.replace("/blobs/", "blobs")).length, 1);
});

test("a role that is not there, YAML that is none, and what is no map", () => {
  assert.deepEqual(problems("access:\n  grants: [{who: a, role: readr, repositories: x}]"), ['r.yaml:2: access.grants[0].role: there is no role "readr": did you mean reader?']);
  assert.match(problems("a: [")[0]!, /^r\.yaml:1: /);
  assert.match(problems("access: 5")[0]!, /^r\.yaml:1: access: it is no map/);
  assert.match(problems("[]")[0]!, /^r\.yaml:1: it is no map/);
});
