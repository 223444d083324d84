import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { findProgram } from "../../../test/support/find-program.ts";
import { temporaryFolder } from "../../../test/support/temporary-store.ts";
import { scanRoot, type Scan } from "../scan-root.ts";

type Value = string | readonly string[] | readonly number[];

/** A header as rpm keeps it. */
function header(tags: Readonly<Record<number, Value>>): Buffer {
  const entries: Buffer[] = [];
  let data = Buffer.alloc(0);
  for (const [tag, value] of Object.entries(tags)) {
    const numbers = typeof value !== "string" && typeof value[0] === "number";
    if (numbers) data = Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
    const entry = Buffer.alloc(16);
    for (const [at, field] of [Number(tag), typeof value === "string" ? 6 : numbers ? 4 : 8, data.length, typeof value === "string" ? 1 : value.length].entries()) entry.writeUInt32BE(field, at * 4);
    entries.push(entry);
    const bytes = typeof value === "string" ? Buffer.from(`${value}\0`) : numbers ? Buffer.concat((value as readonly number[]).map((each) => Buffer.from([each >>> 24, each >>> 16, each >>> 8, each]))) : Buffer.from((value as readonly string[]).map((each) => `${each}\0`).join(""));
    data = Buffer.concat([data, bytes]);
  }
  const head = Buffer.alloc(8);
  head.writeUInt32BE(entries.length, 0);
  head.writeUInt32BE(data.length, 4);
  return Buffer.concat([head, ...entries, data]);
}

function writeDatabase(file: string, blobs: readonly Buffer[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)");
  for (const blob of blobs) database.prepare("INSERT INTO Packages (blob) VALUES (?)").run(blob);
  database.close();
}

const purls = ({ packages }: Scan): string[] => packages.map(({ purl }) => purl);
const PATH = "usr/lib/sysimage/rpm/rpmdb.sqlite";

test("packages of rpm's database have epoch, release and source in their package URLs, and their files are theirs", (context) => {
  const root = temporaryFolder(context);
  const python = { 1000: "python3-six", 1001: "1.16.0", 1002: "9.el9", 1022: "noarch", 1014: "MIT", 1011: "Red Hat, Inc.", 1044: "python-six-1.16.0-9.el9.src.rpm", 1116: [0, 0], 1117: ["METADATA", "RECORD"], 1118: ["/usr/lib/python3.9/site-packages/six-1.16.0.dist-info/"] };
  writeDatabase(join(root, PATH), [
    header(python), header({ 1000: "openssl-libs", 1001: "3.0.7", 1002: "27.el9", 1003: [1], 1022: "x86_64", 1014: "ASL 2.0", 1044: "openssl-3.0.7-27.el9.src.rpm" }),
    header({ 1000: "gpg-pubkey", 1001: "fd431d51", 1002: "4ae0493b" }), header({ 1001: "no name" }), Buffer.from("no header"),
  ]);
  for (const [path, text] of [["etc/os-release", 'ID="rhel"\nVERSION_ID="9.4"\n'], ["usr/lib/python3.9/site-packages/six-1.16.0.dist-info/METADATA", "Name: six\nVersion: 1.16.0\n"], [`${PATH}-wal`, "x"]] as const) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const found = scanRoot({ layers: [root] });
  assert.deepEqual(purls(found), [
    "pkg:rpm/rhel/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=rhel-9.4&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm",
    "pkg:rpm/rhel/python3-six@1.16.0-9.el9?arch=noarch&distro=rhel-9.4&upstream=python-six-1.16.0-9.el9.src.rpm",
  ]);
  assert.deepEqual(found.packages.map(({ version, license, supplier, source, layer }) => [version, license, supplier, source?.name, layer]), [["1:3.0.7-27.el9", "ASL 2.0", undefined, "openssl", 0], ["1.16.0-9.el9", "MIT", "Red Hat, Inc.", "python-six", 0]]);
  assert.deepEqual([found.databases, found.problems.map(({ problem }) => problem)], [["rpm"], [
    "changes to it lie in a log beside it, which is not read: what was installed last may be missing", "a package without a name", "a header is damaged: what comes behind is not listed",
  ]]);
});

test("what rpm has installed is listed as rpm lists it", { skip: findProgram("rpm") && findProgram("rpmbuild") ? false : "needs rpm and rpmbuild" }, (context) => {
  const folder = temporaryFolder(context);
  const root = join(folder, "root");
  mkdirSync(root);
  const packages = Array.from({ length: 12 }, (_, index) => ({ name: `made-${index}`, epoch: index % 3 === 0 ? `Epoch: ${index}\n` : "" }));
  for (const { name, epoch } of packages) {
    // As many files as make a header longer than a page.
    const files = Array.from({ length: 60 }, (_, index) => `/opt/${name}/file-${index}`);
    writeFileSync(join(folder, `${name}.spec`), `Name: ${name}\nVersion: 1.${name.length}\nRelease: 3\n${epoch}Summary: made\nLicense: MIT\nBuildArch: noarch\n%description\nmade\n%install\nmkdir -p %{buildroot}/opt/${name}\n${files.map((file) => `touch %{buildroot}${file}`).join("\n")}\n%files\n/opt/${name}\n`);
  }
  const options = { stdio: "ignore" as const, timeout: 60_000, env: { ...process.env, HOME: folder } };
  execFileSync("rpmbuild", ["-bb", "--define", `_topdir ${folder}/top`, ...packages.map(({ name }) => join(folder, `${name}.spec`))], options);
  execFileSync("rpm", ["--root", root, "--dbpath", "/var/lib/rpm", "-i", "--justdb", "--nodeps", "--noscripts", ...packages.map(({ name }) => `${folder}/top/RPMS/noarch/${name}-1.${name.length}-3.noarch.rpm`)], options);
  const judge = execFileSync("rpm", ["--root", root, "--dbpath", "/var/lib/rpm", "-qa", "--qf", "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH} %{LICENSE}\\n"], { encoding: "utf8", timeout: 60_000 });
  const found = scanRoot({ layers: [root] });
  assert.deepEqual(found.packages.map(({ name, version, architecture, license }) => `${name} ${version} ${architecture} ${license}`).sort(), judge.trim().split("\n").sort());
  assert.deepEqual([found.packages.length, found.problems], [packages.length, []]);
});
