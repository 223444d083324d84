import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryAccess, registryFlags } from "../flags/registry-flags.ts";
import { withStore } from "../with-store.ts";

export const pushCommand = command({
  name: "push",
  summary: "Upload an image to a registry",
  description:
    "Uploads what the registry does not have yet, several layers at once, and the manifest last. Layers that another " +
    "repository of the registry holds are mounted from there, and an upload that was cut short is gone on with. " +
    "Several names are pushed one after the other. An index of several platforms is pushed as a whole if all of it is here, else the image for this machine.",
  usage: "[OPTIONS] NAME[:TAG]...",
  flags: flagTable({
    "all-tags": { kind: "switch", short: "a", help: "Push every tag that the repository has here" },
    compression: { kind: "text", value: "CODEC[:LEVEL]", help: "How layers are packed that are not yet: gzip, zstd or none; a level is given as in `zstd:3`" },
    "force-compression": { kind: "switch", help: "Convert layers that are packed in another way; without --compression to gzip" },
    "force-recursive": { kind: "switch", help: "Ask for each blob, also where the registry has the same image under the name: repairs one that has lost a blob and does not look" },
    json: { kind: "switch", help: "Show progress and result as a JSON object per line" },
    quiet: { kind: "switch", short: "q", help: "Print the name only" },
    "disable-content-trust": { kind: "switch", help: "Accepted for Docker's sake" },
    platform: { kind: "text", value: "OS/ARCH", help: "Push the image of this platform alone, without the index" },
    ...registryFlags,
  }),
  examples: [
    { title: "Name an image for a registry and push it", line: "sampan tag app:1.0 127.0.0.1:5000/app:1.0 && sampan push 127.0.0.1:5000/app:1.0" },
    { title: "With layers that are smaller and faster to unpack", line: "sampan push --compression zstd --force-compression registry.example.com/app:1.0" },
    { title: "Two tags of an image", line: "sampan push registry.example.com/app:1.0 registry.example.com/app:latest" },
  ],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ parseReference }, { parsePlatform }, { pushNames }, { fault }] = await Promise.all([
      import("../../oci/reference.ts"), import("../../oci/platform.ts"), import("../images/push-names.ts"), import("../../std/fault.ts"),
    ]);
    const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
    const words = { compression: flags.compression, force: flags["force-compression"] };
    const packing = words.compression === undefined && !words.force ? undefined : (await import("../flags/compression.ts")).readPacking(words, "--compression");
    if (flags.quiet && flags.json) throw fault("USAGE", { problem: "--quiet and --json exclude each other" });
    const hosts = new Set<string>();
    for (const word of positionals) {
      const place = /^[a-z-]+:\/\//.exec(word)?.[0];
      if (place !== undefined) throw fault("USAGE", { problem: `push takes names of images that are here, and no place such as ${place}`, hint: `\`sampan copy store:NAME ${word}\` copies an image there` });
      const { host, tag, digest } = parseReference(word, { implicitTag: false });
      if (digest !== undefined) throw fault("USAGE", { problem: "cannot push a digest reference", hint: "name a tag" });
      if (flags["all-tags"] && tag !== undefined) throw fault("USAGE", { problem: "tag can't be used with --all-tags/-a" });
      hosts.add(host);
    }
    return withStore(async (store) => pushNames(store, positionals, {
      allTags: flags["all-tags"], everything: flags["force-recursive"], quiet: flags.quiet, json: flags.json, packing, platform, access: await registryAccess(flags, [...hosts], { io, signal }), io, signal,
    }));
  },
});
