import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const loadCommand = command({
  name: "load",
  summary: "Read images from a tar archive",
  description: "Reads what docker, podman, skopeo and BuildKit write: Docker archives and OCI archives, as they are, gzipped or zstd-compressed.",
  usage: "[OPTIONS]",
  flags: flagTable({
    input: { kind: "text", short: "i", value: "FILE", help: "Read from a file instead of standard input" },
    quiet: { kind: "switch", short: "q", help: "Accepted for Docker's sake: only the names are printed" },
    platform: { kind: "text", value: "OS/ARCH", help: "Platform to choose from a multi-platform archive; without it the index is kept with all that is complete" },
  }),
  examples: [{ title: "What docker saved", line: "docker save app:1.0 | sampan load" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io, signal }) {
    const [{ loadImages }, { fault }, { parsePlatform }] = await Promise.all([
      import("../images/load-images.ts"), import("../../std/fault.ts"), import("../../oci/platform.ts"),
    ]);
    // Docker takes an empty name for none.
    const input = flags.input || undefined;
    if (input === undefined && io.stdin.isTTY) {
      throw fault("USAGE", { problem: "requested load from stdin, but stdin is empty", hint: "use the -i flag, or send an archive to standard input" });
    }
    const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
    await withStore(async (store) => {
      for (const line of await loadImages(store, { file: input, cwd: io.cwd, stdin: io.stdin, platform, signal })) io.stdout.write(`${line}\n`);
    });
  },
});
