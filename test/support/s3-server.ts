import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";

/** Why an S3 service cannot be had here, or false. */
export const noS3: string | false = findProgram("versitygw") === undefined ? "needs versitygw" : false;

export interface S3Server {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  /** The folder of the bucket `caches`, whose files are its objects. */
  readonly folder: string;
}

export const S3_LOGIN = { AWS_ACCESS_KEY_ID: "tester", AWS_SECRET_ACCESS_KEY: "not-so-secret" } as const;

/** A real S3 service on a free loopback port, with a bucket `caches`; gone with the test. */
export async function startS3Server(context: { after(end: () => Promise<void>): void }): Promise<S3Server> {
  const root = mkdtempSync(join(tmpdir(), "sampan-s3-"));
  for (const folder of ["buckets/caches", "sidecar"]) mkdirSync(join(root, folder), { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const words = ["--port", host, "--access", S3_LOGIN.AWS_ACCESS_KEY_ID, "--secret", S3_LOGIN.AWS_SECRET_ACCESS_KEY, "--region", "eu-central-1", "posix", "--sidecar", join(root, "sidecar"), join(root, "buckets")];
  const child = spawn(findProgram("versitygw")!, words, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  context.after(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(root, { recursive: true, force: true });
  });
  for (let attempt = 0; !(await accepts(host)); attempt += 1) {
    if (child.exitCode !== null || attempt > 200) throw new Error("versitygw did not start");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { host, folder: join(root, "buckets/caches") };
}

function accepts(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(host.split(":")[1]), "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false)).on("close", () => undefined);
    socket.once("connect", () => socket.end());
  });
}

