import { findProgram } from "./find-program.ts";

/** Packages by the manager that a machine has. Debian's names are the most widely known. */
const PACKAGES = {
  uidmap: { apk: "shadow-uidmap", dnf: "shadow-utils" },
  passt: { apk: "passt", dnf: "passt" },
  "util-linux": { apk: "util-linux", dnf: "util-linux" },
} as const;

/** The command that installs a package, given by Debian's name, on this machine: Alpine's, Fedora's or Debian's. */
export function installAdvice(name: keyof typeof PACKAGES, path?: string): string {
  if (findProgram("apk", path)) return `apk add ${PACKAGES[name].apk}`;
  if (!findProgram("apt", path) && findProgram("dnf", path)) return `dnf install ${PACKAGES[name].dnf}`;
  return `apt install ${name}`;
}
