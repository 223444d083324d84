import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";
import type { ScanTarget } from "../sbom/parse-target.ts";

export const sbomCommand = command({
  name: "sbom",
  summary: "List the packages that an image or folder is made of, as an SBOM",
  description:
    "Finds the packages of dpkg (distroless images too), apk and rpm (in its form of today, SQLite) by their databases, and those of Node.js, Python, Go, Ruby and PHP by what each of " +
    "them leaves. Nothing of the image is run. Of a folder, lock files tell what would be installed.\n\n" +
    "IMAGE is looked for in the store first, then it is a folder that exists, and else an image of a registry. PLACE is one of the places of `copy` " +
    "(docker://NAME, oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, store:NAME) or dir:PATH. What could not be read is told on standard error.",
  usage: "[OPTIONS] IMAGE | DIR | PLACE",
  flags: flagTable({
    format: { kind: "text", short: "f", value: "FORMAT", help: "What to write", choices: ["table", "spdx-json", "cyclonedx-json"], default: "table" },
    output: { kind: "text", short: "o", value: "FILE", help: "Write to a file instead of standard output" },
    platform: { kind: "text", value: "OS/ARCH", help: "Which of several platforms; by default that of this machine" },
    ...registryFlags,
  }),
  examples: [
    { title: "What is in it?", line: "sampan sbom app:1.0" },
    { title: "A document for others, the same each time", line: "SOURCE_DATE_EPOCH=0 sampan sbom --format spdx-json -o app.spdx.json registry.example.com/team/app:1.0" },
    { title: "What would be installed?", line: "sampan sbom ./project" },
  ],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ parseScanTarget }, { scanTarget }, { reportProblems }, { writeDocument }, { registryAccess }, { hostPlatform, parsePlatform }] = await Promise.all([
      import("../sbom/parse-target.ts"), import("../sbom/scan-target.ts"), import("../sbom/report-problems.ts"), import("../sbom/write-document.ts"),
      import("../flags/registry-flags.ts"), import("../../oci/platform.ts"),
    ]);
    const target = parseScanTarget(positionals[0]!, io.cwd);
    const access = await registryAccess(flags, hostsOf(target), { io, signal });
    const platform = flags.platform === undefined ? hostPlatform(process.arch) : parsePlatform(flags.platform);
    const scanned = await scanTarget(target, { io, access: { source: access, target: access }, platform, platformGiven: flags.platform !== undefined, signal });
    reportProblems(scanned, io.stderr);
    await writeDocument(scanned, { format: flags.format as "table" | "spdx-json" | "cyclonedx-json", output: flags.output ?? "-", io });
  },
});

/** The registries that --creds may be for. */
function hostsOf(target: ScanTarget): string[] {
  const place = target.kind === "image" ? target.otherwise : target;
  return place?.kind === "place" && place.location.kind === "registry" ? [place.location.reference.host] : [];
}
