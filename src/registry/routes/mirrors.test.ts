import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { parseMirrors } from "./mirrors.ts";

test("mirrors are listed by host in the order given", () => {
  const mirrors = parseMirrors("docker.io=http://127.0.0.1:15001/, ghcr.io=https://m.example/ghcr ,registry-1.docker.io=https://b.example");
  assert.deepEqual([...mirrors], [["docker.io", ["http://127.0.0.1:15001", "https://b.example"]], ["ghcr.io", ["https://m.example/ghcr"]]]);
});

test("nothing set means no mirrors", () => {
  assert.equal(parseMirrors(undefined).size, 0);
  assert.equal(parseMirrors(" , ").size, 0);
});

test("what is no host=url is refused by name, without telling a password in it", () => {
  for (const entry of ["docker.io", "=http://a", "docker.io=a", "docker.io=ftp://a", "docker.io=http://a?b=c", "docker.io=http://u:SECRET@a", "docker.io=ftp://u:SECRET@a", "docker.io=http://u:SECRET@a:99999", "docker.io=http://u:x@SECRET@a?b", "http://u:SECRET@a"]) {
    assert.throws(() => parseMirrors(entry), (error) => isFault(error, "MIRRORS_INVALID") && !error.message.includes("SECRET"), entry);
  }
});
