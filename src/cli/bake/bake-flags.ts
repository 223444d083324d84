import { builderFlags } from "../build/builder-flags.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";
import { progressModes } from "../progress/renderer.ts";

/** The flags of `sampan bake`: buildx' names, letters and meanings. */
export const bakeFlags = flagTable({
  file: { kind: "list", short: "f", value: "PATH", help: "Bake file; may be given several times, `-` is standard input. By default compose files and docker-bake.json, docker-bake.hcl and their .override forms in this folder", group: "Definition" },
  set: { kind: "list", value: "TARGET.KEY=VALUE", help: "Change a key of the targets that a pattern matches; `+=` adds to it", group: "Definition" },
  var: { kind: "list", value: "NAME=VALUE", help: "Value of a variable, before the environment and the file's default", group: "Definition" },
  print: { kind: "switch", help: "Show what would be built, as JSON, and build nothing", group: "Definition" },
  list: { kind: "text", value: "targets|variables", help: "List targets or variables; `type=targets,format=json` writes JSON", group: "Definition" },

  "no-cache": { kind: "switch", help: "Run every step", group: "Cache" },
  pull: { kind: "switch", help: "Ask the registry for the base images, even for those in the store", group: "Cache" },
  explain: { kind: "switch", help: "Show for each step why it ran or what it hit", group: "Cache" },

  push: { kind: "switch", help: "Push what has no other output, `--set '*.output=type=registry'`", group: "Output" },
  load: { kind: "switch", help: "Store what has no other output; so it is done when no output is named", group: "Output" },
  "metadata-file": { kind: "text", value: "PATH", help: "Write what was made to a file, as JSON by target", group: "Output" },
  progress: { kind: "text", value: "MODE", help: "How progress is shown on standard error; auto is $BUILDKIT_PROGRESS, where that is set", choices: progressModes, default: "auto", group: "Output" },

  runtime: { kind: "text", value: "NAME", help: "What runs RUN: `builtin`, `runc`, `crun` or the path of an OCI runtime", default: "builtin", group: "Running" },
  "no-host-certs": { kind: "switch", help: "Do not show the host's CA certificates to RUN", group: "Running" },

  ...registryFlags,

  sbom: { kind: "text", value: "VALUE", help: "Attach an SBOM, `--set '*.attest=type=sbom'`", group: "Output" },
  provenance: { kind: "text", value: "VALUE", help: "Attach a provenance, `--set '*.attest=type=provenance'`", group: "Output" },
  call: { kind: "text", value: "METHOD", help: "What to do with the targets: `build`, `check`, `outline` (arguments and secrets) or `targets` (stages), with `,format=json` as JSON; default: each target's `call`", group: "Definition" },
  check: { kind: "switch", help: "Look for mistakes without building, as --call check", group: "Definition" },
  allow: { kind: "list", value: "ENTITLEMENT", help: "Let targets have `network.host` or `security.insecure`, which they ask for; with a definition from elsewhere, files outside of this folder (`fs.read=PATH`, `fs.write=PATH`, `fs=*`) and agents (`ssh`)", group: "Running" },
  ...builderFlags,
  debug: { kind: "switch", short: "D", help: "", refused: "" },
  jobs: { kind: "text", short: "j", help: "", refused: "all targets are built in one go, and their steps side by side" },
  policy: { kind: "list", help: "", refused: "" },
});
