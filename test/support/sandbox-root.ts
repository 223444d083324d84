import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createExecutor } from "../../src/exec/create-executor.ts";
import { SandboxExecutor } from "../../src/exec/sandbox-executor.ts";
import type { ZygoteOptions } from "../../src/exec/sandbox-zygote.ts";
import type { Executor, RunJob, RunOptions, RunResult } from "../../src/exec/run-job.ts";

const BUSYBOX = "/bin/busybox";
const APPLETS = ["sh", "cat", "chmod", "chroot", "cp", "dd", "echo", "env", "find", "grep", "head", "hostname", "id", "ip", "kill", "ln", "ls", "mkdir", "mknod", "mount", "mv", "ps", "pwd", "rm", "sleep", "stat", "stty", "touch", "true", "tty", "umask", "umount", "unshare", "wc"];
const PASSWD = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\nbare:x:7:8\n";
const GROUP = "root:x:0:\napp:x:1001:\nstaff:x:50:app,other\nwheel:x:10:app\nbare:x:8:\n";

/** Why commands cannot be run in a busybox root here, or false. */
export const noSandbox: string | false = !existsSync(BUSYBOX)
  ? "needs busybox (Debian's busybox-static)"
  : isStatic(BUSYBOX) ? false : "needs a static busybox (Debian's busybox-static)";

export interface Ran extends RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The folder that keeps what the command changed. */
  readonly upper: string;
}

/** A busybox root in a temporary folder and an executor to run commands in it; disposing of it removes all. */
export class SandboxRoot implements AsyncDisposable {
  readonly folder: string;
  readonly lower: string;
  readonly executor: Executor;
  #runs = 0;

  private constructor(folder: string, executor: Executor) {
    this.folder = folder;
    this.lower = join(folder, "lower");
    this.executor = executor;
  }

  static async create(options: { runtime?: string; users?: boolean; temporary?: string; zygote?: ZygoteOptions } = {}): Promise<SandboxRoot> {
    const folder = mkdtempSync(join(options.temporary ?? tmpdir(), "sampan-sandbox-"));
    const bin = join(folder, "lower/bin");
    mkdirSync(bin, { recursive: true });
    copyFileSync(BUSYBOX, join(bin, "busybox"));
    for (const applet of APPLETS) symlinkSync("busybox", join(bin, applet));
    if (options.users !== false) {
      mkdirSync(join(folder, "lower/etc"));
      writeFileSync(join(folder, "lower/etc/passwd"), PASSWD);
      writeFileSync(join(folder, "lower/etc/group"), GROUP);
    }
    mkdirSync(join(folder, "tmp"));
    try {
      if (options.zygote) return new SandboxRoot(folder, new SandboxExecutor(join(folder, "tmp"), "builtin", options.zygote));
      return new SandboxRoot(folder, await createExecutor({ runtime: options.runtime, temporary: join(folder, "tmp") }));
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  /** A job for a shell script or for a command with its arguments, on an upper folder of its own. */
  job(command: string | readonly string[], changes: Partial<RunJob> = {}): RunJob & { readonly upper: string } {
    this.#runs += 1;
    const upper = join(this.folder, `upper${this.#runs}`);
    const work = join(this.folder, `work${this.#runs}`);
    for (const path of [upper, work]) mkdirSync(path);
    return {
      root: { kind: "overlay", lowers: [this.lower], upper, work },
      args: typeof command === "string" ? ["sh", "-c", command] : command,
      env: ["PATH=/bin"], cwd: "/", user: "", hostname: "buildkitsandbox", extraHosts: [], network: "default",
      mounts: [], hostCertificates: false, stdin: "null", terminal: false,
      ...changes,
      upper,
    };
  }

  async run(command: string | readonly string[], changes: Partial<RunJob> = {}, options: RunOptions = {}): Promise<Ran> {
    const job = this.job(command, changes);
    const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
    const result = await this.executor.run(job, { ...options, onOutput: (stream, data) => void output[stream].push(data) });
    const text = (stream: "stdout" | "stderr"): string => Buffer.concat(output[stream]).toString("utf8");
    return { ...result, stdout: text("stdout"), stderr: text("stderr"), upper: job.upper };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.executor[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether an ELF file asks for no interpreter (program header PT_INTERP), so that it runs without libraries. */
function isStatic(path: string): boolean {
  const file = readFileSync(path);
  const [offset, size, count] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(54), file.readUInt16LE(56)];
  const PT_INTERP = 3;
  for (let i = 0; i < count; i += 1) if (file.readUInt32LE(offset + i * size) === PT_INTERP) return false;
  return true;
}
