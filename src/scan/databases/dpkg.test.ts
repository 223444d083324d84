import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDpkgStatus, readFileList, readSumList } from "./dpkg.ts";

const STATUS = `Package: adduser
Status: install ok installed
Priority: important
Section: admin
Installed-Size: 686
Maintainer: Debian Adduser Developers <adduser@packages.debian.org>
Architecture: all
Multi-Arch: foreign
Version: 3.134
Depends: passwd
Conffiles:
 /etc/deluser.conf 773fb95e98a27947de4a95abb3d3f2a2
Description: add and remove users and groups
 This package includes the 'adduser' and 'deluser' commands.
 .
 Package: not-a-field

Package: libgcc-s1
Status: install ok installed
Maintainer: Debian GCC Maintainers <debian-gcc@lists.debian.org>
Architecture: amd64
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+b1

Package: libc-bin
Status: install ok unpacked
Architecture: amd64
Version: 2.36-9

Package: vim
Status: deinstall ok config-files
Architecture: amd64
Version: 2:9.0.1378-2

Package: xxd
Status: hold ok installed
Architecture: amd64
Source: vim
Version: 2:9.0.1378-2
`;

test("packages of a status file are those that are installed, with their source packages", () => {
  assert.deepEqual({ ...parseDpkgStatus(STATUS) }, {
    packages: [
      { type: "deb", name: "adduser", version: "3.134", architecture: "all", supplier: "Debian Adduser Developers <adduser@packages.debian.org>" },
      { type: "deb", name: "libgcc-s1", version: "12.2.0-14+b1", architecture: "amd64", source: { name: "gcc-12", version: "12.2.0-14" }, supplier: "Debian GCC Maintainers <debian-gcc@lists.debian.org>" },
      { type: "deb", name: "xxd", version: "2:9.0.1378-2", architecture: "amd64", source: { name: "vim", version: "2:9.0.1378-2" } },
    ],
    problems: [],
  });
});

test("a file of distroless images has no Status", () => {
  assert.deepEqual(parseDpkgStatus("Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n").packages.map(({ name, version }) => `${name} ${version}`), ["tzdata 2024a-0+deb12u1"]);
});

test("paragraphs that name no package or no version are told with their lines, and the others are read", () => {
  const { packages, problems } = parseDpkgStatus("Package: a\nVersion: 1\n\n\nVersion: 2\n\nPackage: c\nStatus: install ok installed\n \n\r\nPackage: d\r\nVersion: 4\r\n");
  assert.deepEqual(packages.map(({ name, version }) => `${name} ${version}`), ["a 1", "d 4"]);
  assert.deepEqual(problems, [{ line: 5, problem: "a paragraph without a Package field" }, { line: 7, problem: "the package c has no Version field" }]);
});

test("lists of files give paths below the root", () => {
  assert.deepEqual([...readFileList("/.\n/usr\n/usr/bin/x\n\n")], [".", "usr", "usr/bin/x"]);
  assert.deepEqual([...readSumList("d41d8cd98f00b204e9800998ecf8427e  usr/lib/a b\nbad\n0123  ./etc/x\n")], ["usr/lib/a b", "etc/x"]);
});
