import assert from "node:assert/strict";
import { test } from "node:test";
import { isLicenseExpression } from "./expression.ts";
import { parseDebianCopyright } from "./debian-copyright.ts";

const machine = (...licenses: string[]): string => `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n${licenses.map((each, at) => `Files: ${at}\nCopyright: 2020 A\nLicense: ${each}\n On Debian systems see /usr/share/common-licenses/GPL-3\n`).join("\n")}`;

test("short names of machine-readable files become ids of SPDX", () => {
  for (const [written, expected] of [
    ["GPL-2+", "GPL-2.0-or-later"], ["GPL-2", "GPL-2.0-only"], ["gpl-3.0+", "GPL-3.0-or-later"], ["LGPL-2.1", "LGPL-2.1-only"], ["AGPL-3+", "AGPL-3.0-or-later"], ["GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"],
    ["Expat", "MIT"], ["BSD-3-clause", "BSD-3-Clause"], ["Apache-2.0", "Apache-2.0"], ["GPL-1+ or Artistic", "GPL-1.0-or-later OR Artistic-1.0-Perl"], ["Expat and ISC", "MIT AND ISC"], ["ISC, or Expat", "ISC OR MIT"],
    ["GPL-2+ and LGPL-2+, or Expat", "(GPL-2.0-or-later AND LGPL-2.0-or-later) OR MIT"], ["ISC, Zlib", "ISC AND Zlib"], ["GPL-2 and/or Expat", "GPL-2.0-only OR MIT"],
  ] as const) {
    assert.equal(parseDebianCopyright(machine(written)), expected);
    assert.ok(isLicenseExpression(expected), expected);
  }
});

test("what has no id stays as it is written, so that the whole is no expression", () => {
  for (const written of ["public-domain", "GPL-2+ with OpenSSL exception", "permissive"]) {
    assert.equal(parseDebianCopyright(machine(written)), written);
    assert.equal(isLicenseExpression(written), false);
  }
});

test("licences of different files all hold, each told once", () => {
  assert.equal(parseDebianCopyright(machine("Expat", "GPL-2+", "Expat and GPL-2+", "ISC or Expat", "Expat")), "MIT AND GPL-2.0-or-later AND (ISC OR MIT)");
  assert.equal(parseDebianCopyright("Upstream-Name: a\n\nFiles: *\nLicense: X11\n"), "X11", "without a Format");
});

test("other files tell the common licences that they point to", () => {
  assert.equal(parseDebianCopyright("It was made by A.\n\nLicense: see below\n… in `/usr/share/common-licenses/GPL-2'.\n/usr/share/common-licenses/LGPL-2.1.\n /usr/share/common-licenses/GPL-2"), "GPL-2 AND LGPL-2.1");
  assert.equal(parseDebianCopyright(`${machine()}/usr/share/common-licenses/Apache-2.0\n`), "Apache-2.0", "a machine-readable one that names none");
  for (const text of ["", "Copyright 2020 A", "Format: x\nLicense:\n text\n"]) assert.equal(parseDebianCopyright(text), undefined);
});
