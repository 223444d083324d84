import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DemoFailure } from "./demo-failure.ts";

const SUITE = "bullseye";
const PACKAGES = "the packages come by way of apt: check its sources and the network (`apt-get update`, http_proxy), then run the demo again; or pull the base image where docker.io or a mirror (SAMPAN_REGISTRY_MIRRORS) can be reached";
const SPACE = "its messages are above; check the free space with `df -h`, then run the demo again: what is finished stays";

/**
 * Makes a look-alike of python:3.9-slim from Debian's packages: bullseye has Python 3.9. debootstrap runs from
 * its unpacked package in a mount namespace of its own, so nothing is installed into this system.
 */
export async function makePythonBase(options: {
  sampan: string;
  environment: NodeJS.ProcessEnv;
  tag: string;
  say: (text: string) => void;
}): Promise<void> {
  if (process.getuid?.() !== 0) throw new DemoFailure("making the base image needs root, for debootstrap", "run the demo as root, or where docker.io can be reached");
  const work = mkdtempSync(join(tmpdir(), "sampan-base-"));
  try {
    const tools = fetchDebootstrap(work);
    const rootfs = join(work, "rootfs");
    options.say(`running debootstrap ${SUITE} …`);
    execute("unshare", ["--mount", "sh", join(tools, "usr/sbin/debootstrap"), "--variant=minbase", "--include=python3,python3-pip,ca-certificates", SUITE, rootfs], {
      env: { ...process.env, DEBOOTSTRAP_DIR: join(tools, "usr/share/debootstrap"), PATH: `${join(work, "bin")}:/usr/sbin:/sbin:${process.env["PATH"]}` },
      log: join(rootfs, "debootstrap/debootstrap.log"),
    });
    slimDown(rootfs);
    const context = join(work, "context");
    mkdirSync(context);
    execute("tar", ["-C", rootfs, "--numeric-owner", "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "-cf", join(context, "rootfs.tar"), "."]);
    writeFileSync(join(context, "Dockerfile"), [
      "FROM scratch",
      "ADD rootfs.tar /",
      "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8",
      'CMD ["python3"]',
      "",
    ].join("\n"));
    execute(process.execPath, [options.sampan, "build", "--quiet", "-t", options.tag, context], { env: options.environment, advice: SPACE });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** debootstrap from its package, by an apt of its own, so that the system's package lists are not touched. */
function fetchDebootstrap(work: string): string {
  const tools = join(work, "tools");
  const packages = join(work, "packages");
  for (const folder of ["apt/state/lists/partial", "apt/cache/archives/partial", "packages", "tools", "bin"]) mkdirSync(join(work, folder), { recursive: true });
  const apt = ["-qq", "-o", "APT::Sandbox::User=root", "-o", `Dir::State=${join(work, "apt/state")}`, "-o", "Dir::State::status=/var/lib/dpkg/status", "-o", `Dir::Cache=${join(work, "apt/cache")}`];
  execute("apt-get", [...apt, "update"]);
  execute("apt-get", [...apt, "download", "debootstrap"], { cwd: packages });
  const file = readdirSync(packages).find((name) => name.endsWith(".deb"));
  if (!file) throw new DemoFailure("apt-get downloaded no debootstrap package", PACKAGES);
  execute("dpkg-deb", ["-x", join(packages, file), tools]);
  provideWget(join(work, "bin"));
  return tools;
}

/** debootstrap fetches with wget; where there is none, apt's own downloader stands in for it. */
function provideWget(bin: string): void {
  if (spawnSync("sh", ["-c", "command -v wget"]).status === 0) return;
  const file = join(bin, "wget");
  writeFileSync(file, [
    "#!/bin/sh",
    "# Understands what debootstrap asks of wget: options, -O FILE, URL.",
    "out= url=",
    'while [ $# -gt 0 ]; do case $1 in -O) out=$2; shift ;; --version) echo "GNU Wget 1.21"; exit 0 ;; -*) ;; *) url=$1 ;; esac; shift; done',
    'exec /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$url" "$out" >&2',
    "",
  ].join("\n"));
  chmodSync(file, 0o755);
}

/** What Docker's slim images leave out too, and the names python:3.9-slim has in /usr/local/bin. */
function slimDown(rootfs: string): void {
  for (const path of ["var/lib/apt/lists", "var/cache/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "debootstrap", "etc/resolv.conf", "etc/hostname"]) {
    rmSync(join(rootfs, path), { recursive: true, force: true });
  }
  for (const path of ["var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "usr/share/man/man1"]) mkdirSync(join(rootfs, path), { recursive: true });
  for (const [name, target] of [["python", "python3"], ["python3", "python3"], ["pip", "pip3"], ["pip3", "pip3"]] as const) {
    const link = join(rootfs, "usr/local/bin", name);
    if (!existsSync(link)) symlinkSync(`/usr/bin/${target}`, link);
  }
}

function execute(
  program: string, args: readonly string[], { env = process.env, log, cwd, advice = PACKAGES }: { env?: NodeJS.ProcessEnv; log?: string; cwd?: string; advice?: string } = {},
): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { env, cwd, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (status === 0) return;
  // The log is in a folder that goes away, so its end is shown.
  const told = [stdout, stderr, log !== undefined && existsSync(log) ? readFileSync(log, "utf8") : ""].flatMap((text) => (text ?? "").trim().split("\n").slice(-8)).filter((line) => line !== "").join("\n");
  throw new DemoFailure(`${program} failed${error ? ` (${error.message})` : ` with status ${status}`}:\n${told}`, /no space left/i.test(told) ? SPACE : advice);
}
