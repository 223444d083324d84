import { compareSync } from "bcryptjs";

/** Runs in a worker (std/worker-pool.ts): bcrypt takes 3 ms to seconds, as its cost in the hash says. */
export function checkPassword({ password, hash }: { password: string; hash: string }): boolean {
  return compareSync(password, hash);
}
