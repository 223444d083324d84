import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findProgram } from "./find-program.ts";

/** Why a test that needs root and these programs cannot run here, or false. */
export function needs(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => findProgram(program) === undefined);
  if (absent.length > 0) return `needs ${absent.join(" and ")}`;
  return process.getuid!() === 0 ? false : "needs root";
}

export interface ForeignOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program of others to its end. @returns what it printed; rejects with all of it when it fails */
export function foreign(program: string, args: readonly string[], { cwd, env }: ForeignOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const { DOCKER_CONFIG: _, ...inherited } = process.env;
    const options = { ...(cwd ? { cwd } : {}), env: { ...inherited, ...env }, maxBuffer: 2 ** 26 };
    const child = execFile(findProgram(program) ?? program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(" ")} failed: ${stderr}${stdout}`));
      else resolve(stdout);
    });
    child.stdin!.end();
  });
}

/** buildah and podman with images and containers of the test's own, which go with it. */
export function containersStorage(context: TestContext): { buildah: (...args: string[]) => Promise<string>; podman: (...args: string[]) => Promise<string> } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-containers-"));
  context.after(() => {
    spawnSync("umount", ["-l", join(folder, "storage")]);
    rmSync(folder, { recursive: true, force: true });
  });
  const storage = ["--root", join(folder, "storage"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  return {
    buildah: (...args) => foreign("buildah", [...storage, ...args]),
    podman: (...args) => foreign("podman", [...storage, "--tmpdir", join(folder, "podman"), "--cgroup-manager", "cgroupfs", "--runtime", "runc", ...args]),
  };
}

/** Flags of `podman run` for machines where nobody may raise limits and no network can be made. */
export const PODMAN_RUN = ["run", "--rm", "--network=host", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"] as const;
