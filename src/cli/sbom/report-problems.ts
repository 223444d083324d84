import type { ScannedTarget } from "./scan-target.ts";

/** Tells what was passed over, and where a list that is short for a reason may be taken for all there is. */
export function reportProblems({ subject, scan }: ScannedTarget, stderr: NodeJS.WritableStream): void {
  for (const { place, problem } of scan.problems) stderr.write(`WARNING: ${place.startsWith("/") ? "" : "/"}${place}: ${problem}\n`);
  if (subject.kind === "image" && scan.databases.length === 0) {
    const what = scan.distribution === undefined ? "no distribution" : `no package database of dpkg, apk or rpm that can be read, though it is ${scan.distribution.name}`;
    stderr.write(`WARNING: ${subject.name} has ${what}: only packages of languages are listed\n`);
  }
}
