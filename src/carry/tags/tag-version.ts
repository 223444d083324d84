import semver, { type SemVer } from "semver";

/** The version that a tag names: `1.27.3`, `v1.27`, `3.20-alpine`; undefined for `latest`, dates without dots and other words. */
export function tagVersion(tag: string): SemVer | undefined {
  const match = /^v?(\d{1,6})(?:\.(\d{1,10}))?(?:\.(\d{1,10}))?(?:(?:[-+_]|\.(?=\d))([0-9A-Za-z._+-]*))?$/.exec(tag);
  if (!match) return undefined;
  const [, major, minor = "0", patch = "0", rest] = match;
  // What semver has no word for, such as a fourth number, is compared like a prerelease.
  const suffix = (rest ?? "").replace(/[._+]+/g, ".").split(".").filter((part) => part !== "").map((part) => (/^\d+$/.test(part) ? String(Number(part)) : part)).join(".");
  return semver.parse(`${Number(major)}.${Number(minor)}.${Number(patch)}${suffix === "" ? "" : `-${suffix}`}`) ?? undefined;
}

/** The newest version first; what is no version follows, by name. */
export function byVersion(a: string, b: string): number {
  const [left, right] = [tagVersion(a), tagVersion(b)];
  if (left && right) return semver.rcompare(left, right) || (a < b ? -1 : 1);
  if (left) return -1;
  if (right) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether the tag names a version of the range; prereleases and variants (`3.20-alpine`) only where the range names one, as semver has it. */
export function inRange(tag: string, range: string): boolean {
  const version = tagVersion(tag);
  return version !== undefined && semver.satisfies(version, range);
}

/** Whether a text is a range of versions, such as `>=1.2 <2` or `^1.27`. */
export function isRange(text: string): boolean {
  return semver.validRange(text) !== null;
}
