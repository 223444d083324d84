import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryAccess, registryFlags } from "../flags/registry-flags.ts";
import { withStore } from "../with-store.ts";

export const pullCommand = command({
  name: "pull",
  summary: "Download an image from a registry",
  description:
    "Downloads the image of the platform asked for, with all its layers, and checks every digest. With several platforms, or all, the name leads to " +
    "the index as the registry has it, and every command takes its own platform of it or the one that --platform says. What a pull that was cut " +
    "short has received is not fetched again. Credentials come from " +
    "docker's config.json; `sampan registry routes` shows the mirrors that are asked first.",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  flags: flagTable({
    "all-tags": { kind: "switch", short: "a", help: "Pull every tag of the repository" },
    json: { kind: "switch", help: "Show progress and result as a JSON object per line" },
    platform: { kind: "list", value: "OS/ARCH", help: "Platform to choose; by default the machine's own. Of several the index is kept" },
    "all-platforms": { kind: "switch", help: "Pull the image of every platform, and keep the index" },
    quiet: { kind: "switch", short: "q", help: "Print the full name only" },
    "disable-content-trust": { kind: "switch", help: "Accepted for Docker's sake" },
    ...registryFlags,
  }),
  examples: [
    { title: "An image of Docker Hub", line: "sampan pull alpine:3.20" },
    { title: "For two platforms, with the index", line: "sampan pull --platform linux/amd64,linux/arm64 alpine:3.20" },
  ],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ parseReference }, { aliasNote, longName }, { hostPlatform, parsePlatform }, { pullNames }, { fault }] = await Promise.all([
      import("../../oci/reference.ts"), import("../../registry/routes/long-name.ts"), import("../../oci/platform.ts"), import("../images/pull-names.ts"), import("../../std/fault.ts"),
    ]);
    const meant = await longName(positionals[0]!, io.env);
    if (meant.file !== undefined) io.stderr.write(`${aliasNote(positionals[0]!, meant)}\n`);
    const written = parseReference(meant.name, { implicitTag: false });
    if (flags.quiet && flags.json) throw fault("USAGE", { problem: "--quiet and --json exclude each other" });
    if (flags["all-tags"] && (written.tag ?? written.digest) !== undefined) throw fault("USAGE", { problem: "tag can't be used with --all-tags/-a" });
    const show = flags.quiet ? "nothing" : flags.json ? "json" : "lines";
    const listed = flags.platform.flatMap((words) => words.split(",")).map((word) => parsePlatform(word));
    if (flags["all-platforms"] && listed.length > 0) throw fault("USAGE", { problem: "--all-platforms and --platform exclude each other" });
    const platforms = flags["all-platforms"] ? "all" : listed.length > 0 ? listed : [hostPlatform(process.arch)];
    const implicit = !flags["all-tags"] && written.tag === undefined && written.digest === undefined;
    if (show === "lines" && implicit) io.stdout.write("Using default tag: latest\n");
    return withStore(async (store) => pullNames(store, parseReference(meant.name, { implicitTag: !flags["all-tags"] }), {
      allTags: flags["all-tags"], platforms, access: await registryAccess(flags, [written.host], { io, signal }), show, io, signal,
    }));
  },
});
