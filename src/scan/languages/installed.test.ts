import assert from "node:assert/strict";
import { test } from "node:test";
import { parseComposerInstalled } from "./composer.ts";
import { parseGemName, rubyGems } from "./gem.ts";

test("gems are known by the names of their specifications", () => {
  for (const path of ["usr/lib/ruby/gems/3.1.0/specifications/rack-3.0.8.gemspec", "specifications/default/json-2.6.1.gemspec"]) assert.ok(rubyGems.matches(path));
  assert.ok(!rubyGems.matches("app/rack.gemspec"));
  const read = (name: string): string[] => parseGemName(name).packages.map((gem) => `${gem.name} ${gem.version}`);
  assert.deepEqual(["rack-3.0.8.gemspec", "nokogiri-1.16.0-x86_64-linux.gemspec", "net-imap-0.4.10.gemspec", "x.gemspec"].map(read), [["rack 3.0.8"], ["nokogiri 1.16.0"], ["net-imap 0.4.10"], []]);
});

test("packages of composer are a list, or in an object", () => {
  const list = [{ name: "monolog/monolog", version: "3.5.0", license: ["MIT"] }, { name: "a/b", version: "v1", license: ["MIT", "GPL-2.0-only"] }, { name: "bad", version: "1" }, null];
  for (const content of [list, { packages: list, dev: true }]) {
    const { packages, problems } = parseComposerInstalled(JSON.stringify(content));
    assert.deepEqual(packages, [{ type: "composer", name: "monolog/monolog", version: "3.5.0", license: "MIT" }, { type: "composer", name: "a/b", version: "v1", license: "(MIT OR GPL-2.0-only)" }]);
    assert.deepEqual(problems, [{ problem: "an entry without a name or version: bad" }, { problem: "an entry without a name or version" }]);
  }
  assert.deepEqual(["{", "3", "null", "{}"].map((text) => parseComposerInstalled(text).problems[0]?.problem), ["it is no JSON", "it lists no packages", "it lists no packages", "it lists no packages"]);
});
