import { builderFlags } from "./builder-flags.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";
import { progressModes } from "../progress/renderer.ts";

const later = "";
const limits = "the commands of a build have the limits of whoever starts it: `systemd-run --scope -p MemoryMax=2G -p CPUQuota=200% sampan build …`";

/** The flags of `sampan build`: docker's names, letters and meanings. */
export const buildFlags = flagTable({
  tag: { kind: "list", short: "t", value: "NAME", help: "Name of the image, with its tag; may be given several times", group: "Image" },
  label: { kind: "list", value: "NAME=VALUE", help: "Label of the image", group: "Image" },
  platform: { kind: "list", value: "OS/ARCH", help: "Platforms to build for, by default $DOCKER_DEFAULT_PLATFORM, else the machine's own; several make an index", group: "Image" },
  annotation: { kind: "list", value: "[PLACE:]NAME=VALUE", help: "Annotation of the manifest, or of `index`, `manifest-descriptor`, `index-descriptor`; `manifest[OS/ARCH]` is one platform's", group: "Image" },

  file: { kind: "text", short: "f", value: "PATH", help: "The Dockerfile; by default `Dockerfile` in the context, `-` is standard input", group: "Dockerfile" },
  target: { kind: "text", value: "STAGE", help: "Stage to build; by default the last one", group: "Dockerfile" },
  "build-arg": { kind: "list", value: "NAME[=VALUE]", help: "Value for an ARG; without a value it comes from the environment", group: "Dockerfile" },
  check: { kind: "switch", help: "Only look for mistakes in the Dockerfile, `--call check`", group: "Dockerfile" },
  call: { kind: "text", value: "METHOD[,format=json]", help: "What to do with the Dockerfile: build, check, outline (what its target asks for) or targets (its stages)", default: "build", group: "Dockerfile" },

  "build-context": { kind: "list", value: "NAME=VALUE", help: "What FROM, COPY --from and RUN --mount mean by a name: a folder, docker-image://REF, oci-layout://PATH[:TAG][@DIGEST], an http(s) or git URL, or target:STAGE", group: "Dockerfile" },

  "no-cache": { kind: "switch", help: "Run every step", group: "Cache" },
  "no-cache-filter": { kind: "list", value: "STAGE[,STAGE]", help: "Run every step of these stages", group: "Cache" },
  "cache-from": { kind: "list", value: "type=TYPE[,…]|REF", help: "Look for results in a cache of other machines: type=registry,ref=REF (REF alone is that), type=local,src=DIR, or type=s3,bucket=…,region=…; may be given several times", group: "Cache" },
  "cache-to": { kind: "list", value: "type=TYPE[,mode=max]|REF", help: "Keep results for other machines: type=registry,ref=REF, type=local,dest=DIR, type=s3,bucket=…,region=…, or type=inline in the image itself. mode=max keeps the layers of all steps", group: "Cache" },
  "cache-mounts-from": { kind: "list", value: "type=TYPE[,…]|REF", help: "Fill cache mounts that are new on this machine from there: places as for --cache-from", group: "Cache" },
  "cache-mounts-to": { kind: "list", value: "type=TYPE[,…]|REF", help: "Keep the folders of all cache mounts for other machines: places as for --cache-to", group: "Cache" },
  pull: { kind: "switch", help: "Ask the registry for the base images, even for those in the store", group: "Cache" },
  explain: { kind: "switch", help: "Show for each step why it ran or what it hit", group: "Cache" },

  output: { kind: "list", short: "o", value: "type=TYPE[,dest=PATH]", help: "Where the result goes: store, registry, oci, docker, tar, local, or with cacheonly nowhere; may be given several times. A path alone is a local folder, `-` a tar on standard output. registry, oci and docker take compression=, compression-level= and force-compression=", group: "Output" },
  push: { kind: "switch", help: "Store and push, `-o type=store -o type=registry`", group: "Output" },
  load: { kind: "switch", help: "Store, `-o type=store`; so it is done when no output is named", group: "Output" },
  attest: { kind: "list", value: "type=TYPE[,…]", help: "Attach what is said about the result: type=provenance,mode=min|max, or type=sbom; may be given several times, disabled=true takes one back", group: "Output" },
  provenance: { kind: "text", value: "true|false|mode=…", help: "Attach how the result was made (SLSA), `--attest type=provenance`: mode=min|max, version=v1|v0.2, builder-id=, reproducible=, complete-materials=, inline-only=, filename=", group: "Output" },
  sbom: { kind: "text", value: "true|false", help: "Attach which packages the result is made of (SPDX), `--attest type=sbom`; with --builder generator=IMAGE too", group: "Output" },
  iidfile: { kind: "text", value: "PATH", help: "Write the image id to a file", group: "Output" },
  "metadata-file": { kind: "text", value: "PATH", help: "Write what was made to a file, as JSON", group: "Output" },
  progress: { kind: "text", value: "MODE", help: "How progress is shown on standard error; auto is $BUILDKIT_PROGRESS, where that is set", choices: progressModes, default: "auto", group: "Output" },
  quiet: { kind: "switch", short: "q", help: "Show no progress and print the image id", group: "Output" },

  ...builderFlags,

  "add-host": { kind: "list", value: "HOST:IP", help: "Line in /etc/hosts of RUN; the address `host-gateway` is where it reaches this machine", group: "Running" },
  network: { kind: "text", value: "MODE", help: "Network of RUN", choices: ["default", "none", "host"], default: "default", group: "Running" },
  "shm-size": { kind: "text", value: "BYTES", help: "Size of /dev/shm for RUN; 64m where not given", group: "Running" },
  ulimit: { kind: "list", value: "NAME=SOFT[:HARD]", help: "Limit of each process of RUN, nofile=1024", group: "Running" },
  secret: { kind: "list", value: "id=ID[,src=FILE|env=VARIABLE]", help: "Secret for RUN --mount=type=secret; may be given several times", group: "Running" },
  ssh: { kind: "list", value: "ID[=SOCKET|KEY[,KEY]]", help: "ssh agent for RUN --mount=type=ssh: `default` is the one of SSH_AUTH_SOCK", group: "Running" },
  allow: { kind: "list", value: "RIGHT", help: "What RUN may take by --network=host (network.host) and --security=insecure (security.insecure)", group: "Running" },
  runtime: { kind: "text", value: "NAME", help: "What runs RUN: `builtin`, `runc`, `crun` or the path of an OCI runtime", default: "builtin", group: "Running" },
  "on-error": { kind: "text", value: "shell", help: "Open a shell where a RUN failed, with its files, environment, user and mounts; needs a terminal", choices: ["shell"], group: "Running" },
  "no-host-certs": { kind: "switch", help: "Do not show the host's CA certificates to RUN", group: "Running" },

  ...registryFlags,

  // Docker's builder asks the daemon to do these; here they are always so.
  rm: { kind: "switch", help: "Accepted for Docker's sake: nothing is left behind in any case", group: "Running" },
  "force-rm": { kind: "switch", help: "Accepted for Docker's sake: nothing is left behind in any case", group: "Running" },

  "cgroup-parent": { kind: "text", help: "", refused: "it works with --builder; here, the commands of a build run in the cgroup of whoever starts it" },
  compress: { kind: "switch", help: "", refused: "the context is read where it stands" },
  "cpu-period": { kind: "text", help: "", refused: limits },
  "cpu-quota": { kind: "text", help: "", refused: limits },
  "cpu-shares": { kind: "text", short: "c", help: "", refused: limits },
  "cpuset-cpus": { kind: "text", help: "", refused: limits },
  "cpuset-mems": { kind: "text", help: "", refused: limits },
  "disable-content-trust": { kind: "switch", help: "", refused: later },
  isolation: { kind: "text", help: "", refused: later },
  memory: { kind: "text", short: "m", help: "", refused: limits },
  "memory-swap": { kind: "text", help: "", refused: limits },
  resource: { kind: "list", help: "", refused: limits },
  policy: { kind: "list", help: "", refused: later },
  print: { kind: "text", help: "", refused: "this is --call" },
  "security-opt": { kind: "list", help: "", refused: later },
  squash: { kind: "switch", help: "", refused: later },
});
