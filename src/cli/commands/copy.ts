import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";

export const copyCommand = command({
  name: "copy",
  summary: "Copy images between registries, archives, layouts and the store",
  description:
    "Nothing is unpacked and nothing is changed: blobs stream from one place to the other, manifests arrive byte for byte, so " +
    "that digests stay. What the target has is not sent again; what another repository of its registry has is mounted.\n\n" +
    "Places: docker://NAME or just NAME (a registry), oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], " +
    "store:NAME. Of an image for several platforms the one of this machine is copied; see --all and --platform.",
  usage: "[OPTIONS] SOURCE TARGET",
  flags: flagTable({
    all: { kind: "switch", short: "a", help: "Copy all platforms, with the index: its digest stays" },
    platform: { kind: "list", value: "OS/ARCH", help: "Platform to copy; several make an index of these alone" },
    referrers: { kind: "switch", help: "Copy what refers to the image too: signatures, SBOMs, attestations, and what refers to these" },
    "force-recursive": { kind: "switch", help: "Ask for everything that manifests name, also where the target has these: repairs a registry that has lost a blob" },
    digestfile: { kind: "text", value: "FILE", help: "Write the digest of the copy to a file" },
    quiet: { kind: "switch", short: "q", help: "Print the digest only" },
    json: { kind: "switch", help: "Show progress and result as a JSON object per line" },
    parallel: { kind: "text", value: "N", help: "Blobs at once", default: "6" },
    "src-creds": { kind: "text", value: "USER[:PASSWORD]", help: "Login for the registry of the source, instead of the one that is kept", group: "Registry" },
    "dest-creds": { kind: "text", value: "USER[:PASSWORD]", help: "Login for the registry of the target, instead of the one that is kept", group: "Registry" },
    authfile: { kind: "text", value: "PATH", help: "Look for logins in this file only, in docker's or containers' format", group: "Registry" },
    "src-authfile": { kind: "text", value: "PATH", help: "The same for the source alone", group: "Registry" },
    "dest-authfile": { kind: "text", value: "PATH", help: "The same for the target alone", group: "Registry" },
    insecure: { kind: "switch", help: "Speak plain HTTP to registries, or HTTPS without checking their certificates", group: "Registry" },
    "src-tls-verify": { kind: "switch", help: "With =false as --insecure, for the source alone", group: "Registry" },
    "dest-tls-verify": { kind: "switch", help: "With =false as --insecure, for the target alone", group: "Registry" },
    "preserve-digests": { kind: "switch", help: "Accepted for skopeo's sake: digests are always kept" },
    format: { kind: "text", short: "f", help: "", refused: "manifests are carried as they are" },
    "remove-signatures": { kind: "switch", help: "", refused: "signatures are copied with --referrers only" },
    "sign-by": { kind: "text", help: "", refused: "" },
    "encryption-key": { kind: "list", help: "", refused: "" },
    "decryption-key": { kind: "list", help: "", refused: "" },
  }),
  examples: [
    { title: "All platforms with their signatures, to another registry", line: "sampan copy --all --referrers docker.io/library/alpine:3.20 registry.example.com/mirror/alpine:3.20" },
    { title: "To a machine without a network", line: "sampan copy registry.example.com/team/app:1.0 oci-archive:app.tar" },
  ],
  positionals: { min: 2, max: 2 },
  async run({ flags, given, positionals, io, signal }) {
    const [{ parseLocation }, { copyImage }, { copyAccess }, { wantedPlatforms }, { wholeNumber }] = await Promise.all([
      import("../../carry/location.ts"), import("../copy/copy-image.ts"), import("../copy/copy-access.ts"), import("../copy/wanted-platforms.ts"), import("../flags/whole-number.ts"),
    ]);
    const [source, target] = [parseLocation(positionals[0]!), parseLocation(positionals[1]!)];
    await copyImage(source, target, {
      platforms: wantedPlatforms(flags), referrers: flags.referrers, everything: flags["force-recursive"], parallel: wholeNumber(flags.parallel, "--parallel", { min: 1, max: 64 }),
      quiet: flags.quiet, json: flags.json, digestFile: flags.digestfile, access: await copyAccess({ ...flags, unverified: { src: given.has("src-tls-verify") && !flags["src-tls-verify"], dest: given.has("dest-tls-verify") && !flags["dest-tls-verify"] } }, source, target, { io, signal }), io, signal,
    });
  },
});
