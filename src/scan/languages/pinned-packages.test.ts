import assert from "node:assert/strict";
import { test } from "node:test";
import type { Parsed } from "../package.ts";
import { parsePackageTables, parseRequirements } from "./pinned-packages.ts";

const words = ({ packages }: Parsed): string[] => packages.map(({ name, version }) => `${name} ${version}`);

test("requirements that are pinned are packages", () => {
  assert.deepEqual(words(parseRequirements(`# comment
flask==3.0.3
Jinja2 [i18n] == 3.1.4 ; python_version > "3.8"
six===1.16.0  # why
urllib3==2.2.1 \\
    --hash=sha256:00
idna==3.7 --hash=sha256:00
requests>=2
a==1.*
-r other.txt
git+https://example.com/x==1
`)), ["flask 3.0.3", "Jinja2 3.1.4", "six 1.16.0", "urllib3 2.2.1", "idna 3.7"]);
});

test("lock files of TOML list packages, without the project itself", () => {
  assert.deepEqual(words(parsePackageTables(`version = 1
[[package]]
name = "app"
version = "0.1.0"
source = { editable = "." }

[[package]]
name = "click"
version = "8.1.7"
source = { registry = "https://registry.example.com" }

[package.metadata]
name = "other"

[[package]]
name = "no-version"
`, "pypi")), ["click 8.1.7"]);
  assert.deepEqual(words(parsePackageTables('[[package]]\nname = "app"\nversion = "1.0.0"\n\n[[package]]\nname = "serde"\nversion = "1.0.200"\nsource = "registry+https://x"', "cargo")), ["serde 1.0.200"]);
});
