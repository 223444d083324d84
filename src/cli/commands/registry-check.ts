import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryCheckCommand = command({
  name: "registry check",
  summary: "Compare what a registry's records say with its bytes, and repair it",
  description:
    "Reads every blob and manifest of a registry folder and compares it with its digest, and looks for what manifests name in vain and for " +
    "bytes that belong to nothing. Each problem is shown with what a repair does; --repair does that. It may run beside the server. Where blobs are " +
    "in a bucket, --config says in which.\n\n" +
    "The exit status is 1 when something is wrong and was not repaired.",
  usage: "[OPTIONS]",
  flags: flagTable({
    ...registryFlags,
    repair: { kind: "switch", help: "Repair what can be repaired" },
    quick: { kind: "switch", help: "Compare sizes of blobs, without reading them" },
    quiet: { kind: "switch", short: "q", help: "Show problems only" },
  }),
  examples: [{ title: "After trouble with the disk", line: "sampan registry check --root /srv/registry --repair" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io, signal }) {
    const { openBeside } = await import("../../server/storage/upkeep/open-beside.ts");
    const { checkRegistry } = await import("../../server/storage/upkeep/check-registry.ts");
    const { counted } = await import("../../std/counted.ts");
    const { humanSize } = await import("../../std/human-size.ts");
    const { storeRoot } = await import("../../store/store-root.ts");
    const { readConfig, readConfigFile } = await import("../../server/config/read-config.ts");
    const { bucketOf } = await import("../registry/bucket-of.ts");
    const { recordsOf } = await import("../registry/records-of.ts");
    const { storage, metadata } = flags.config === undefined ? readConfig("", "") : readConfigFile(flags.config);
    await using folder = await openBeside(flags.root ?? `${storeRoot(io.env)}/registry`, { lease: 0, bucket: bucketOf(storage, flags.config, io), records: recordsOf(metadata, flags.config), report: ({ message }) => void io.stderr.write(`warning: ${message}\n`) });
    const checked = await checkRegistry(folder, {
      repair: flags.repair,
      quick: flags.quick,
      signal,
      onProblem: ({ what, repair, repaired }) => void io.stdout.write(`${repaired ? "repaired" : "problem"}: ${what}\n  ${repaired ? "what was done" : "what helps"}: ${repair}\n`),
    });
    const { repositories, manifests, blobs, bytes, problems, repaired } = checked;
    const result = problems === 0 ? "all is well" : `${counted(problems, "problem")}, ${repaired} repaired`;
    if (!flags.quiet) io.stdout.write(`Checked ${counted(repositories, "repository", "repositories")}, ${counted(manifests, "manifest")}, ${counted(blobs, "blob")} (${humanSize(bytes)}): ${result}.\n`);
    return problems > repaired ? 1 : 0;
  },
});
