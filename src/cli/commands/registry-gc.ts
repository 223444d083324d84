import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryGcCommand = command({
  name: "registry gc",
  summary: "Remove what nobody reaches from a registry",
  description:
    "Removes blobs that no image names, and with `gc.untagged` of the configuration, or --untagged, images that no tag leads to. " +
    "What was pushed, mounted or asked for within the grace time stays. It works beside the running server, which does the same " +
    "every hour (`gc.interval`), and disturbs no push and no pull. Events of the log of changes that are older than `audit.keep` go to files.",
  usage: "[OPTIONS]",
  flags: flagTable({
    ...registryFlags,
    untagged: { kind: "switch", help: "Remove images too that no tag leads to" },
    quiet: { kind: "switch", short: "q", help: "Print nothing" },
  }),
  examples: [{ title: "Beside the server, with its configuration", line: "sampan registry gc --root /srv/registry --config /etc/sampan/registry.yaml" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io, signal }) {
    const [{ openBeside }, { archiveEvents, archiveOf }, { readConfig, readConfigFile }, { collectGarbage }, { serverOf }, { humanSize }, { storeRoot }, { bucketOf }, { recordsOf }] = await Promise.all([
      import("../../server/storage/upkeep/open-beside.ts"), import("../../server/audit/archive-events.ts"), import("../../server/config/read-config.ts"), import("../../server/keep/collect-garbage.ts"),
      import("../../server/storage/folder/root-lock.ts"), import("../../std/human-size.ts"), import("../../store/store-root.ts"), import("../registry/bucket-of.ts"), import("../registry/records-of.ts"),
    ]);
    const { gc, audit, storage, metadata } = flags.config === undefined ? readConfig("", "") : readConfigFile(flags.config);
    await using folder = await openBeside(flags.root ?? `${storeRoot(io.env)}/registry`, { lease: gc.grace, bucket: bucketOf(storage, flags.config, io), records: recordsOf(metadata, flags.config), report: ({ message }) => void io.stderr.write(`warning: ${message}\n`) });
    const { manifests, blobs, bytes, repositories } = await collectGarbage(
      { blobs: folder.files, metadata: folder.metadata, ...(folder.shared || serverOf(folder.root) === "runs" ? {} : { arriving: new Set() }) },
      { ...gc, untagged: gc.untagged || flags.untagged, strays: true, signal },
    );
    const moved = await archiveEvents(folder.metadata, { ...archiveOf(audit, { root: folder.root, configFile: flags.config ?? "" }), signal });
    if (flags.quiet) return;
    const { counted } = await import("../../std/counted.ts");
    io.stdout.write(`Removed ${counted(manifests, "manifest")}, ${counted(blobs, "blob")} (${humanSize(bytes)}) and ${counted(repositories, "empty repository", "empty repositories")}.\n`);
    if (moved > 0) io.stdout.write(`Moved ${counted(moved, "old event")} of the log of changes to files.\n`);
  },
});
