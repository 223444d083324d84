import assert from "node:assert/strict";
import { test } from "node:test";
import { routeFiles } from "../../../test/support/route-files.ts";
import { isFault } from "../../std/fault.ts";
import { longName } from "./long-name.ts";

const ALIASES = `[aliases]
"fedora" = "registry.fedoraproject.org/fedora"
"alpine" = "docker.io/library/alpine"
"team/app" = "quay.io/team/app"
"registry" = "docker.io/library/registry"
"bad" = "quay.io/team/app:1"
`;

test("a name without a host is Docker Hub's unless there is an alias for it", async (context) => {
  const files = routeFiles(context, { "etc/containers/registries.conf.d/shortnames.conf": ALIASES });
  const file = `${files.folder}/etc/containers/registries.conf.d/shortnames.conf`;
  const long = (name: string) => longName(name, files.environment);
  assert.deepEqual(await long("fedora"), { name: "registry.fedoraproject.org/fedora", file, by: "alias" });
  assert.deepEqual(await long("fedora:40"), { name: "registry.fedoraproject.org/fedora:40", file, by: "alias" });
  assert.deepEqual(await long(`team/app@sha256:${"a".repeat(64)}`), { name: `quay.io/team/app@sha256:${"a".repeat(64)}`, file, by: "alias" });
  for (const name of ["alpine:3.20", "registry", "debian", "library/fedora", "docker.io/fedora", "docker.io/library/fedora", "r.example/fedora", "localhost/fedora"]) {
    assert.deepEqual(await long(name), { name }, name);
  }
  await assert.rejects(long("bad"), (error) => isFault(error, "ROUTES_INVALID") && /the alias "bad"/.test(error.message));
});

test("later files take an alias back or give it another meaning, and podman's own memory comes last", async (context) => {
  const files = routeFiles(context, {
    "etc/containers/registries.conf": ALIASES,
    "etc/containers/registries.conf.d/10.conf": '[aliases]\n"fedora" = ""\n"team/app" = "ghcr.io/team/app"\n',
    "cache/containers/short-name-aliases.conf": '[aliases]\n"mine" = "quay.io/me/mine"\n',
  });
  const long = async (name: string) => (await longName(name, { ...files.environment, XDG_CACHE_HOME: `${files.folder}/cache` })).name;
  assert.deepEqual([await long("fedora"), await long("team/app"), await long("mine")], ["fedora", "ghcr.io/team/app", "quay.io/me/mine"]);
});

test("registries that names without a host are looked for in count where they leave no doubt", async (context) => {
  const long = async (conf: string, name: string) => {
    const files = routeFiles(context, { "etc/containers/registries.conf": `${conf}\n${ALIASES}` });
    return (await longName(name, files.environment)).name;
  };
  const one = 'unqualified-search-registries = ["registry.example.com"]';
  assert.deepEqual(await Promise.all(["app:1", "team/other", "fedora", "docker.io/app", "other.example/app"].map((name) => long(one, name))),
    ["registry.example.com/app:1", "registry.example.com/team/other", "registry.fedoraproject.org/fedora", "docker.io/app", "other.example/app"]);
  for (const conf of ["", "unqualified-search-registries = []", 'unqualified-search-registries = ["registry.example.com", "docker.io"]']) assert.equal(await long(conf, "app:1"), "app:1");
  await assert.rejects(long('unqualified-search-registries = ["a.example", "b.example"]', "app:1"), (error) => isFault(error, "NAME_AMBIGUOUS") && /a\.example\/app:1 or b\.example\/app:1/.test(error.hint ?? ""));
});
