import { parseDebianCopyright } from "../licenses/debian-copyright.ts";
import type { FoundPackage } from "../package.ts";
import type { RootFiles } from "../root-files.ts";

const LONGEST = 1024 * 1024;
/** Of all packages together, in bytes: a whole desktop has a tenth of it. */
const MOST = 256 * 1024 * 1024;

/** Adds the licences that `/usr/share/doc/PACKAGE/copyright` tells, up to a limit; several packages often share one file. */
export function debianLicenses(root: RootFiles): (found: FoundPackage) => FoundPackage {
  const known = new Map<string, string | undefined>();
  let left = MOST;
  const licenseIn = (path: string): string | undefined => {
    const file = root.find(path);
    if (!file || left <= 0) return undefined;
    if (!known.has(file.path)) {
      const bytes = root.head(file, LONGEST);
      left -= bytes?.length ?? 0;
      known.set(file.path, bytes && parseDebianCopyright(bytes.toString("utf8")));
    }
    return known.get(file.path);
  };
  return (found) => {
    const license = /^[a-z0-9][a-z0-9+.-]*$/i.test(found.name) ? licenseIn(`usr/share/doc/${found.name}/copyright`) : undefined;
    return license === undefined ? found : { ...found, license };
  };
}
