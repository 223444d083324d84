import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "smol-toml";
import { isFault } from "../../std/fault.ts";
import { parseReference } from "../../oci/reference.ts";
import { findRegistry, relocate } from "./find-registry.ts";
import { mergeRegistries, parseRegistriesConf } from "./registries-conf.ts";

const SAMPLE = `
unqualified-search-registries = ["registry.fedoraproject.org", "docker.io"]
short-name-mode = "enforcing"
credential-helpers = ["containers-auth.json"]

[[registry]]
prefix = "docker.io/library"
location = "mirror.corp.example:5000/hub/library"

[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "cache.corp.example/hub/"
[[registry.mirror]]
location = "10.0.0.7:5000"
insecure = true
pull-from-mirror = "digest-only"

[[registry]]
prefix = "*.lab.example"
insecure = true

[[registry]]
prefix = "evil.example/ns"
location = "evil.example/ns"
blocked = true

[aliases]
"fedora" = "registry.fedoraproject.org/fedora"
"gone" = ""
`;

const read = (text: string, file = "/etc/containers/registries.conf") => parseRegistriesConf(parse(text), file);
const match = (name: string, text = SAMPLE) => findRegistry(read(text).registries, parseReference(name));

test("the longest prefix decides, by whole parts of the name", () => {
  assert.equal(match("alpine")?.entry.prefix, "docker.io/library");
  assert.equal(match("docker.io/libraryx/app")?.entry.prefix, "docker.io");
  assert.equal(match("evil.example/ns/app")?.entry.blocked, true);
  assert.equal(match("evil.example/nsx/app"), undefined);
  assert.equal(match("registry.example/app"), undefined);
});

test("*.lab.example means the hosts below lab.example", () => {
  for (const name of ["a.lab.example/x", "a.b.lab.example:5000/x", "lab.example.lab.example/x"]) assert.equal(match(name)?.entry.insecure, true, name);
  for (const name of ["lab.example/x", "xlab.example/x", "a.lab.example.org/x", "r.example/a.lab.example/x"]) assert.equal(match(name), undefined, name);
});

test("a location stands for the prefix, a part of the path with it", () => {
  const place = (name: string) => { const reference = parseReference(name); const found = match(name)!; return relocate(reference, found, found.entry.location); };
  assert.deepEqual(place("alpine:3.20"), { host: "mirror.corp.example:5000", rename: { from: "library/alpine", to: "hub/library/alpine" } });
  const hub = match("docker.io/team/app")!;
  assert.deepEqual(relocate(parseReference("docker.io/team/app"), hub, hub.entry.mirrors[0]!.location), { host: "cache.corp.example", rename: { from: "team/app", to: "hub/team/app" } });
  const one = `[[registry]]\nprefix = "r.example/ns/app"\nlocation = "m.example/other"`;
  assert.deepEqual(relocate(parseReference("r.example/ns/app:1"), match("r.example/ns/app:1", one)!, "m.example/other").rename, { from: "ns/app", to: "other" });
  assert.throws(() => relocate(parseReference("r.example/ns/app"), match("r.example/ns/app", one)!, "m.example"), (error) => isFault(error, "ROUTES_INVALID"));
});

test("mirrors keep their order, with what may be asked of them", () => {
  assert.deepEqual(match("docker.io/team/app")!.entry.mirrors, [
    { location: "cache.corp.example/hub", insecure: false, pulls: "all" },
    { location: "10.0.0.7:5000", insecure: true, pulls: "digest-only" },
  ]);
  const byDigest = `[[registry]]\nlocation = "r.example"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.example"`;
  assert.equal(match("r.example/a", byDigest)!.entry.mirrors[0]!.pulls, "digest-only");
});

test("a drop-in replaces entries of the same prefix and takes aliases back", () => {
  const later = read(`[[registry]]\nlocation = "docker.io"\nblocked = true\n[[registry]]\nlocation = "new.example"\n[aliases]\n"fedora" = ""\n"app" = "quay.io/team/app"`, "/etc/containers/registries.conf.d/50-site.conf");
  const merged = mergeRegistries([read(SAMPLE), later]);
  assert.equal(merged.registries.find(({ prefix }) => prefix === "docker.io")!.file, "/etc/containers/registries.conf.d/50-site.conf");
  assert.equal(merged.registries.length, 5);
  assert.deepEqual([...merged.aliases], [["app", { name: "quay.io/team/app", file: "/etc/containers/registries.conf.d/50-site.conf" }]]);
});

test("what does not fit is refused, with the file and the entry", () => {
  const cases: Readonly<Record<string, RegExp>> = {
    '[registries.search]\nregistries = ["docker.io"]': /version 1/,
    '[[registry]]\ninsecure = true': /\[\[registry\]\] 1: it has neither a prefix nor a location/,
    '[[registry]]\nprefix = "a.example"': /prefix "a.example" has no location/,
    '[[registry]]\nprefix = "a.*.example"\nlocation = "b"': /\* may only stand at the beginning/,
    '[[registry]]\nprefix = "*.example/team"\nblocked = true': /a host without a path/,
    '[[registry]]\nlocation = "https://a.example"': /must be without https:/,
    '[[registry]]\nlocation = "https://me:SECRET@a.example"': /location "https:\/\/\*{3}@a.example" must be without https:/,
    '[[registry]]\nprefix = "a.example"\nlocation = "me:SECRET@b.example"': /location "\*{3}@b.example" has a login/,
    '[[registry]]\nlocation = "a.example"\ninsecure = "yes"': /insecure is not true or false/,
    '[[registry]]\nlocation = "a.example"\n[[registry.mirror]]\ninsecure = true': /a mirror of prefix "a.example": it has no location/,
    '[[registry]]\nlocation = "a.example"\n[[registry.mirror]]\nlocation = "b"\npull-from-mirror = "sometimes"': /pull-from-mirror is "sometimes"/,
    '[[registry]]\nlocation = "a.example"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "b"\npull-from-mirror = "all"': /exclude each other/,
    'registry = "a"': /registry is not a list of tables/,
  };
  for (const [text, message] of Object.entries(cases)) {
    assert.throws(() => read(text, "/x/registries.conf"), (error) => isFault(error, "ROUTES_INVALID") && error.message.startsWith("/x/registries.conf: ") && message.test(error.message), text);
  }
});
