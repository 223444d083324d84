import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryAccess, registryFlags } from "../flags/registry-flags.ts";
import { withStore } from "../with-store.ts";

export const pushCommand = command({
  name: "push",
  summary: "Upload an image to a registry",
  description:
    "Uploads what the registry does not have yet, several layers at once, and the manifest last. Layers that another " +
    "repository of the registry holds are mounted from there.",
  usage: "[OPTIONS] NAME[:TAG]",
  flags: flagTable({
    "all-tags": { kind: "switch", short: "a", help: "Push every tag that the repository has here" },
    quiet: { kind: "switch", short: "q", help: "Print the name only" },
    "disable-content-trust": { kind: "switch", help: "Accepted for Docker's sake" },
    platform: { kind: "text", help: "", refused: "the store holds one platform of an image" },
    ...registryFlags,
  }),
  examples: [{ title: "Name an image for a registry and push it", line: "sampan tag app:1.0 127.0.0.1:5000/app:1.0 && sampan push 127.0.0.1:5000/app:1.0" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ parseReference, formatReference, formatRepository }, { pushNames }, { fault }] = await Promise.all([
      import("../../oci/reference.ts"), import("../images/push-names.ts"), import("../../std/fault.ts"),
    ]);
    const written = parseReference(positionals[0]!, { implicitTag: false });
    if (written.digest !== undefined) throw fault("USAGE", { problem: "cannot push a digest reference", hint: "name a tag" });
    if (flags["all-tags"] && written.tag !== undefined) throw fault("USAGE", { problem: "a tag cannot be given together with --all-tags" });
    await withStore(async (store) => {
      const reference = parseReference(positionals[0]!);
      if (!flags.quiet) {
        io.stdout.write(`${flags["all-tags"] || written.tag !== undefined ? "" : "Using default tag: latest\n"}The push refers to repository [${formatRepository(reference)}]\n`);
      }
      const names = flags["all-tags"]
        ? store.images.list().flatMap((image) => image.names).filter((name) => formatRepository(parseReference(name)) === formatRepository(reference))
        : [formatReference(reference)];
      if (names.length === 0) throw fault("IMAGE_NOT_FOUND", { reference: positionals[0]!, near: [] });
      await pushNames(store, names, { quiet: flags.quiet, access: await registryAccess(flags, [reference.host], { io, signal }), io, signal });
    });
  },
});
