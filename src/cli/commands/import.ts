import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const importCommand = command({
  name: "import",
  summary: "Make an image of the archive of a root file system",
  description:
    "Reads a tar archive, plain or packed with gzip, bzip2, xz or zstd, from a file, a URL or standard input, and makes an image with one layer of it. " +
    "--change applies CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR.",
  usage: "[OPTIONS] FILE | URL | - [REPOSITORY[:TAG]]",
  flags: flagTable({
    change: { kind: "list", short: "c", value: "INSTRUCTION", help: "Apply an instruction of a Dockerfile; may be given several times" },
    message: { kind: "text", short: "m", value: "TEXT", help: "Comment in the image's history" },
    platform: { kind: "text", value: "OS/ARCH", help: "The platform that the image says it is for; by default the machine's own" },
  }),
  examples: [
    { title: "A root file system with a command", line: "sampan import -c 'CMD [\"/bin/sh\"]' rootfs.tar.xz base:1.0" },
    { title: "From the web", line: "sampan import https://example.com/rootfs.tar.gz base:1.0" },
  ],
  positionals: { min: 1, max: 2 },
  async run({ flags, positionals, io, signal }) {
    const [{ importImage }, { fault }, { hostPlatform, parsePlatform }, { refuseFolder }, { resolve }, { parseReference }] = await Promise.all([
      import("../images/import-image.ts"), import("../../std/fault.ts"), import("../../oci/platform.ts"), import("../refuse-folder.ts"),
      import("node:path"), import("../../oci/reference.ts"),
    ]);
    const [source = "", name] = positionals;
    const url = /^https?:\/\//.test(source) ? URL.parse(source) : undefined;
    if (url === null) throw fault("USAGE", { problem: `${JSON.stringify(source)} is not a URL` });
    if (source === "-" && io.stdin.isTTY) throw fault("USAGE", { problem: "an archive is expected on standard input, which is a terminal", hint: "name a file, or send an archive to standard input" });
    if (source === "") throw fault("USAGE", { problem: "the name of the archive is empty" });
    if (name !== undefined && parseReference(name).digest !== undefined) throw fault("REFERENCE_INVALID", { reference: name, problem: "a name that an image gets has a tag and no digest" });
    const file = url ?? (source === "-" ? undefined : resolve(io.cwd, source));
    if (typeof file === "string") refuseFolder(file);
    // Logins and signatures in a URL are secrets, which must not become part of the image.
    const shown = url ? `${url.origin}${url.pathname}` : source;
    if (url) io.stderr.write(`Downloading from ${shown}\n`);
    const platform = flags.platform === undefined ? hostPlatform(process.arch) : parsePlatform(flags.platform);
    await withStore(async (store) => {
      const { id } = await importImage(store, {
        file, stdin: io.stdin, changes: flags.change, message: flags.message ?? `Imported from ${shown}`, platform, names: name === undefined ? [] : [name], signal,
      });
      io.stdout.write(`${id}\n`);
    });
    await (await import("../keep-store.ts")).keepStore(io);
  },
});
