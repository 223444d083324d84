import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isContainedRoot } from "../../src/linux/user-namespace.ts";
import type { Finished } from "./run-sampan.ts";

/** Where `.ci/run` puts a Node for musl, with musl's loader and a busybox. */
const PARTS = process.env["SAMPAN_TEST_ALPINE"] ?? "/var/cache/sampan-tests/alpine";
const checkout = dirname(dirname(import.meta.dirname));

/** Why there can be no machine like Alpine's here, or false. */
export const noAlpine: string | false = process.geteuid!() !== 0 || isContainedRoot() ? "needs a machine's root"
  : existsSync(join(PARTS, "usr/local/bin/node")) ? false : "needs a Node for musl (.ci/run fetches it)";

/** A machine as the image node:24-alpine is one: musl, and of programs busybox's and Node only. The checkout is in it, as the command sampan. */
export interface Alpine extends AsyncDisposable {
  /** The folder of this machine that is its `/work`. */
  readonly work: string;
  /** Runs a script of its shell in `/work`, as root or as the ordinary user `node`, in a session of its own; the store is there too. */
  run(script: string, options?: { readonly user?: boolean }): Finished;
}

const MOUNT = `set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/overlay" "$2/root"
cd "$2/root"
mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev
mount --bind "$2/work" work; mount --rbind "$3" opt/sampan
mkdir run/old; pivot_root . run/old
exec /usr/sbin/chroot . /bin/sh -c 'umount -l /run/old; echo; read -r _'`;

export async function startAlpine(): Promise<Alpine> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-alpine-"));
  chmodSync(folder, 0o755);
  const upper = join(folder, "upper");
  for (const name of ["upper", "overlay", "root", "work", "work/node"]) mkdirSync(join(folder, name));
  chownSync(join(folder, "work/node"), 1000, 1000);
  writeRoot(upper);
  const holder = spawn("unshare", ["--mount", "--propagation", "private", "--", "/bin/sh", "-c", MOUNT, "sh", PARTS, folder, checkout], { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  holder.stderr.on("data", (data) => (errors += String(data)));
  const ended = new Promise<void>((resolve) => holder.once("close", () => resolve()));
  const close = async (): Promise<void> => {
    holder.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  await Promise.race([new Promise((resolve) => holder.stdout.once("data", resolve)), ended.then(() => Promise.reject(new Error(errors)))]).catch(async (error) => {
    await close();
    throw error;
  });
  return {
    work: join(folder, "work"),
    run: (script, { user = false } = {}) => {
      const home = user ? "/work/node" : "/root";
      const { status, stdout, stderr } = spawnSync("nsenter", [
        `--mount=/proc/${holder.pid}/ns/mnt`, ...(user ? ["--setgid", "1000", "--setuid", "1000"] : []), "--",
        "/bin/busybox", "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", `HOME=${home}`, `SAMPAN_ROOT=${user ? home : "/work"}/store`, "NO_COLOR=1",
        "setsid", "sh", "-c", `cd ${user ? home : "/work"}\n${script}`,
      ], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
      return { status, stdout, stderr };
    },
    [Symbol.asyncDispose]: close,
  };
}

/** What Alpine has in its files, as far as a program looks at it. */
function writeRoot(root: string): void {
  for (const folder of ["proc", "sys", "dev", "run", "work", "root", "etc", "opt/sampan", "usr/bin", "usr/sbin", "sbin", "usr/local/bin", "lib", "bin", "usr/lib"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  mkdirSync(join(root, "tmp"));
  chmodSync(join(root, "tmp"), 0o1777);
  for (const place of spawnSync(join(PARTS, "bin/busybox"), ["--list-full"], { encoding: "utf8" }).stdout.trim().split("\n")) {
    if (place !== "bin/busybox" && existsSync(dirname(join(root, place)))) symlinkSync("/bin/busybox", join(root, place));
  }
  symlinkSync("ld-musl-x86_64.so.1", join(root, "lib/libc.musl-x86_64.so.1"));
  // Add-ons name the libraries as Alpine does, the Node of a wheel by names of its own.
  symlinkSync("libstdc++-5d72f927.so.6.0.33", join(root, "usr/lib/libstdc++.so.6"));
  symlinkSync("libgcc_s-0cd532bd.so.1", join(root, "usr/lib/libgcc_s.so.1"));
  symlinkSync("/opt/sampan/bin/sampan.cjs", join(root, "usr/local/bin/sampan"));
  // Its package manager, by which a machine is known.
  writeFileSync(join(root, "sbin/apk"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const files = {
    "alpine-release": "3.22.2\n",
    "os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.2\nPRETTY_NAME="Alpine Linux v3.22"\n',
    passwd: "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/work/node:/bin/sh\n",
    group: "root:x:0:root\nnode:x:1000:\n",
    hosts: "127.0.0.1 localhost\n",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, "etc", name), content);
}
