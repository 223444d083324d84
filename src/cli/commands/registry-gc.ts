import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryGcCommand = command({
  name: "registry gc",
  summary: "Remove what nobody reaches from a registry",
  description:
    "Removes blobs that no image names, and with `gc.untagged` of the configuration, or --untagged, images that no tag leads to. " +
    "What was pushed, mounted or asked for within the grace time stays. It works beside the running server, which does the same " +
    "every hour (`gc.interval`), and disturbs no push and no pull.",
  usage: "[OPTIONS]",
  flags: flagTable({
    ...registryFlags,
    untagged: { kind: "switch", help: "Remove images too that no tag leads to" },
    quiet: { kind: "switch", short: "q", help: "Print nothing" },
  }),
  examples: [{ title: "Beside the server, with its configuration", line: "sampan registry gc --root /srv/registry --config /etc/sampan/registry.yaml" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io, signal }) {
    const [{ openRegistryFolder }, { collectGarbage }, { serverOf }, { humanSize }] = await Promise.all([
      import("../registry/open-registry-folder.ts"), import("../../server/keep/collect-garbage.ts"),
      import("../../server/storage/folder/root-lock.ts"), import("../../std/human-size.ts"),
    ]);
    const { folder, config: { gc } } = await openRegistryFolder(flags, io);
    await using _folder = folder;
    const { manifests, blobs, bytes, repositories } = await collectGarbage(
      { blobs: folder.files, metadata: folder.metadata, ...(serverOf(folder.root) === "runs" ? {} : { arriving: new Set() }) },
      { ...gc, untagged: gc.untagged || flags.untagged, signal },
    );
    if (flags.quiet) return;
    const count = (number: number, one: string, more = `${one}s`): string => `${number} ${number === 1 ? one : more}`;
    io.stdout.write(`Removed ${count(manifests, "manifest")}, ${count(blobs, "blob")} (${humanSize(bytes)}) and ${count(repositories, "empty repository", "empty repositories")}.\n`);
  },
});
