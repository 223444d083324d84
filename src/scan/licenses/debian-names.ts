/** Licences whose short names in Debian's files are other ones than those of SPDX, in lower case. */
const NAMES: Readonly<Record<string, string>> = {
  expat: "MIT", "mit/x11": "X11", "apache-2": "Apache-2.0", "bsd-2": "BSD-2-Clause", "bsd-2-clause": "BSD-2-Clause", "bsd-3": "BSD-3-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-4": "BSD-4-Clause", "bsd-4-clause": "BSD-4-Clause",
  zlib: "Zlib", isc: "ISC", mit: "MIT", openssl: "OpenSSL", unlicense: "Unlicense", "artistic-2": "Artistic-2.0", artistic: "Artistic-1.0-Perl",
  "cc0": "CC0-1.0", "mpl-2": "MPL-2.0", "mpl-1": "MPL-1.0", "ofl-1.1": "OFL-1.1", "python-2": "Python-2.0", psf: "PSF-2.0", "psf-2": "PSF-2.0", "boost-1.0": "BSL-1.0", ftl: "FTL", "bzip2": "bzip2-1.0.6",
};

/** The GNU licences, with `+` for any later version. */
const GNU = /^(agpl|lgpl|gpl|gfdl)-(\d(?:\.\d)?)(?:\.0)?(\+)?$/;
const GFDL_WITHOUT_INVARIANTS = /^gfdl-niv-(\d\.\d)(\+)?$/;

/**
 * An SPDX id for the short name of a licence as machine-readable files in `/usr/share/doc` write it: `GPL-2+`, `Expat`.
 * @returns the name itself where there is nothing to translate
 */
export function spdxOfDebian(name: string): string {
  const low = name.toLowerCase();
  if (Object.hasOwn(NAMES, low)) return NAMES[low]!;
  const plain = GFDL_WITHOUT_INVARIANTS.exec(low);
  if (plain) return `GFDL-${plain[1]}-no-invariants-${plain[2] ? "or-later" : "only"}`;
  const gnu = GNU.exec(low);
  // What it says of invariant sections is in its text.
  if (!gnu || gnu[1] === "gfdl") return name;
  return `${gnu[1]!.toUpperCase()}-${gnu[2]!.includes(".") ? gnu[2] : `${gnu[2]}.0`}-${gnu[3] ? "or-later" : "only"}`;
}
